#!/usr/bin/env python3
"""Records what PyTorch's optimisers, schedulers and gradient clipping do, for OptimizersTests.

    python Tests/Fixtures/record_optimizers.py        writes optimizers.json and schedules.json beside this script

Needs torch 2.x. Every optimiser runs 20 steps on one flat vector of two parameters (a weight of 24 elements, a bias of 13) with
gradients that are drawn here and recorded. Starting values and gradients are rounded to few decimals and then to float32, so that
both sides read the same numbers; the figures themselves are computed in float64 from them. A float32 run of PyTorch is made as well,
and its largest relative distance from the float64 run is recorded: it says how much of the tolerance rounding alone may use.
"""
import json
import math
import pathlib

import torch

HERE = pathlib.Path(__file__).parent
STEPS = 20
RECORDED = [1, 2, 5, 10, 20]
WEIGHTS, BIASES = 24, 13

torch.set_num_threads(1)

# (name, our spec, torch class, torch arguments, exclude the bias from weight decay, clip limit)
SETTINGS = [
    ("sgd", {"name": "sgd"}, torch.optim.SGD, dict(lr=0.01), False, None),
    ("sgd weight decay", {"name": "sgd"}, torch.optim.SGD, dict(lr=0.01, weight_decay=0.1), False, None),
    ("sgd momentum", {"name": "sgd"}, torch.optim.SGD, dict(lr=0.005, momentum=0.9), False, None),
    ("sgd dampening", {"name": "sgd"}, torch.optim.SGD, dict(lr=0.005, momentum=0.9, dampening=0.5, weight_decay=0.01), False, None),
    ("sgd nesterov", {"name": "sgd"}, torch.optim.SGD, dict(lr=0.005, momentum=0.8, nesterov=True, weight_decay=0.01), False, None),
    ("sgd momentum clipped", {"name": "sgd"}, torch.optim.SGD, dict(lr=0.01, momentum=0.9), False, 1.0),
    ("adagrad", {"name": "adagrad"}, torch.optim.Adagrad, dict(), False, None),
    ("adagrad decays", {"name": "adagrad"}, torch.optim.Adagrad,
     dict(lr=0.02, lr_decay=0.1, weight_decay=0.05, initial_accumulator_value=0.1), True, None),
    ("rmsprop", {"name": "rmsprop"}, torch.optim.RMSprop, dict(), False, None),
    ("rmsprop momentum", {"name": "rmsprop"}, torch.optim.RMSprop, dict(lr=0.001, alpha=0.9, momentum=0.9, weight_decay=0.01), False, None),
    ("rmsprop centered", {"name": "rmsprop"}, torch.optim.RMSprop, dict(lr=0.002, alpha=0.95, eps=1e-6, centered=True), False, None),
    ("rmsprop centered momentum", {"name": "rmsprop"}, torch.optim.RMSprop,
     dict(lr=0.001, centered=True, momentum=0.5, weight_decay=0.02), True, 2.0),
    ("adam", {"name": "adam"}, torch.optim.Adam, dict(), False, None),
    ("adam weight decay", {"name": "adam"}, torch.optim.Adam, dict(lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1), True, None),
    ("adam clipped", {"name": "adam"}, torch.optim.Adam, dict(lr=0.005), False, 0.5),
    ("adamw", {"name": "adamw"}, torch.optim.AdamW, dict(), False, None),
    ("adamw groups", {"name": "adamw"}, torch.optim.AdamW, dict(lr=0.01, betas=(0.9, 0.95), weight_decay=0.2), True, None),
]


def draw():
    """Starting values away from zero (so that a relative tolerance means something) and gradients of several magnitudes, some zero."""
    generator = torch.Generator().manual_seed(20)
    count = WEIGHTS + BIASES
    sign = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    start = sign * (0.5 + torch.rand(count, generator=generator))
    magnitude = torch.exp(1.5 * torch.randn(STEPS, count, generator=generator) - 1.5)
    gradients = magnitude * torch.randn(STEPS, count, generator=generator)
    gradients[3, ::7] = 0
    return [round(float(v), 4) for v in start], [[round(float(v), 5) for v in row] for row in gradients]


def rounded(values):
    return [float(f"{v:.12g}") for v in values]


def run(cls, arguments, exclude_bias, clip, start, gradients, dtype):
    as32 = lambda values: torch.tensor(values, dtype=torch.float32).to(dtype)
    whole = as32(start)
    weight = torch.nn.Parameter(whole[:WEIGHTS].clone())
    bias = torch.nn.Parameter(whole[WEIGHTS:].clone())
    groups = [dict(params=[weight]), dict(params=[bias], **({"weight_decay": 0.0} if exclude_bias else {}))]
    optimizer = cls(groups, foreach=False, **arguments)
    parameters, norms = [], []
    for step, row in enumerate(gradients, 1):
        flat = as32(row)
        weight.grad, bias.grad = flat[:WEIGHTS].clone(), flat[WEIGHTS:].clone()
        if clip is not None:
            norms.append(float(torch.nn.utils.clip_grad_norm_([weight, bias], clip)))
        optimizer.step()
        if step in RECORDED:
            parameters.append(torch.cat([weight.detach(), bias.detach()]).double().tolist())
    state = {}
    for key in optimizer.state[weight]:
        if key != "step" and optimizer.state[weight][key] is not None:
            state[key] = torch.cat([optimizer.state[p][key] for p in (weight, bias)]).double().tolist()
    return parameters, state, norms, optimizer.defaults


def record_optimizers():
    start, gradients = draw()
    cases = []
    for name, spec, cls, arguments, exclude_bias, clip in SETTINGS:
        parameters, state, norms, defaults = run(cls, arguments, exclude_bias, clip, start, gradients, torch.float64)
        single, _, _, _ = run(cls, arguments, exclude_bias, clip, start, gradients, torch.float32)
        distance = max(abs(a - b) / abs(b) for row, exact in zip(single, parameters) for a, b in zip(row, exact))
        wanted = ["lr", "weight_decay", "momentum", "dampening", "nesterov", "alpha", "eps", "centered", "betas", "lr_decay",
                  "initial_accumulator_value"]
        cases.append({
            "case": name, **spec, **{k: defaults[k] for k in wanted if k in defaults}, "exclude_bias": exclude_bias, "clip": clip,
            "norms": rounded(norms), "parameters": [rounded(row) for row in parameters],
            "state": {k: rounded(v) for k, v in state.items()}, "torch_float32_distance": float(f"{distance:.2g}"),
        })
        print(f"{name:28} PyTorch float32 is within {distance:.1e} of float64")
    return {"torch": torch.__version__, "weights": WEIGHTS, "biases": BIASES, "recorded_steps": RECORDED, "start": start,
            "gradients": gradients, "cases": cases}


def scheduled(make, steps, base=0.1):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    scheduler, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def record_schedules():
    s = torch.optim.lr_scheduler
    warm = lambda o, w: s.LinearLR(o, start_factor=1 / w, end_factor=1.0, total_iters=w - 1)
    steps, per_epoch, base = 40, 5, 0.1
    rates = lambda make: rounded(scheduled(make, steps, base))
    schedules = [
        {"case": "constant", "kind": "constant", "warmup": 0, "rates": rates(lambda o: s.ConstantLR(o, factor=1.0))},
        {"case": "constant, warm-up", "kind": "constant", "warmup": 8, "rates": rates(lambda o: warm(o, 8))},
        {"case": "step by steps", "kind": "step", "every": 7, "unit": "steps", "gamma": 0.5, "warmup": 0,
         "rates": rates(lambda o: s.StepLR(o, 7, gamma=0.5))},
        {"case": "step by epochs", "kind": "step", "every": 3, "unit": "epochs", "gamma": 0.1, "warmup": 0,
         "rates": rates(lambda o: s.StepLR(o, 3 * per_epoch, gamma=0.1))},
        {"case": "step, warm-up", "kind": "step", "every": 10, "unit": "steps", "gamma": 0.3, "warmup": 4,
         "rates": rates(lambda o: s.ChainedScheduler([warm(o, 4), s.StepLR(o, 10, gamma=0.3)]))},
        {"case": "cosine", "kind": "cosine", "minimum_factor": 0.0, "warmup": 0,
         "rates": rates(lambda o: s.CosineAnnealingLR(o, steps))},
        {"case": "cosine, floor", "kind": "cosine", "minimum_factor": 0.05, "warmup": 0,
         "rates": rates(lambda o: s.CosineAnnealingLR(o, steps, eta_min=0.05 * base))},
        {"case": "cosine, warm-up, floor", "kind": "cosine", "minimum_factor": 0.1, "warmup": 10,
         "rates": rates(lambda o: s.SequentialLR(o, [warm(o, 10), s.CosineAnnealingLR(o, steps - 10, eta_min=0.1 * base)], [10]))},
    ]

    losses = [1.0, 0.8, 0.81, 0.79995, 0.82, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75, 0.76, 0.6, 0.61, 0.62, 0.63, 0.64, 0.65, 0.66, 0.67]
    scores = [0.5, 0.6, 0.60005, 0.6, 0.59, 0.7, 0.69, 0.69, 0.69, 0.69, 0.70006, 0.70008, 0.69, 0.69, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8]
    with_nan = [1.0, 0.9, math.nan, math.nan, math.nan, 0.8, 0.8, 0.8, 0.8, math.nan]
    plateaus = []
    for name, mode, values, arguments in [
        ("loss, patience 2", "min", losses, dict(factor=0.5, patience=2)),
        ("loss, patience 0", "min", losses, dict(factor=0.9, patience=0)),
        ("loss, cooldown", "min", losses, dict(factor=0.1, patience=1, cooldown=3)),
        ("loss, floor", "min", losses, dict(factor=0.1, patience=0, min_lr=0.004)),
        ("loss, wide threshold", "min", losses, dict(factor=0.5, patience=1, threshold=0.2)),
        ("accuracy, patience 2", "max", scores, dict(factor=0.5, patience=2)),
        ("accuracy, no threshold", "max", scores, dict(factor=0.5, patience=1, threshold=0.0, cooldown=1)),
        ("not a number counts as no improvement", "min", with_nan, dict(factor=0.5, patience=1)),
        ("steps below 1e-8 are not taken", "min", losses, dict(factor=1e-4, patience=0)),
    ]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
        scheduler = s.ReduceLROnPlateau(optimizer, mode, **arguments)
        rates_after = []
        for value in values:
            scheduler.step(value)
            rates_after.append(optimizer.param_groups[0]["lr"])
        full = dict(dict(factor=0.1, patience=10, threshold=1e-4, cooldown=0, min_lr=0.0), **arguments)
        plateaus.append({"case": name, "mode": mode, **full, "values": [None if math.isnan(v) else v for v in values],
                         "rates": rounded(rates_after)})
    return {"torch": torch.__version__, "base": base, "steps": steps, "steps_per_epoch": per_epoch, "schedules": schedules,
            "plateaus": plateaus}


def write(name, record):
    """One line per value of the two outer levels: readable in a diff, small enough to keep."""
    def compact(value): return json.dumps(value, separators=(",", ":"))
    lines = []
    for key, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
            lines.append(f"{json.dumps(key)}: [\n" + ",\n".join("  " + compact(v) for v in value) + "\n]")
        else:
            lines.append(f"{json.dumps(key)}: {compact(value)}")
    path = HERE / name
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    write("optimizers.json", record_optimizers())
    write("schedules.json", record_schedules())
