#!/usr/bin/env python3
"""Records what PyTorch computes for small whole models, for the parity tests of Networks and Training.

    python Tests/Fixtures/record_models.py            writes models/NAME/ beside this script, one folder per model

Needs torch 2.x, numpy, safetensors. Each folder holds what another implementation needs to repeat the run, and what it should find:

    initial.safetensors     starting weights, float32, "layers.<position in the recipe's list>.<weight|bias>", PyTorch's shapes
    x.npy                   float32, (N, H, W, C) or (N, features): the recipe's order (PyTorch is given N, C, H, W)
    y.npy                   int64 classes (N,), or float32 (N, outputs)
    gradients.safetensors   float64 gradient of the first batch's mean loss
    OPTIMIZER.yaml          the recipe of a run, for `lockstep train` in the repository's root
    figures.json            the layers, the loss, and per optimiser the losses before each of 20 updates and the L2 norms of the gradients

Batches of 32 in file order; the fourth of an epoch has 24 samples only, so the mean is over 24 there. `losses` and `gradient_norms` are a
float32 run; `exact_*` the same run in float64 from the same float32 weights, for implementations that can compute in double.
"""
import json
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent / "models"
SAMPLES, BATCH, STEPS = 120, 32, 20

torch.set_num_threads(1)

# The layers as our recipes write them.
MODELS = {
    "mlp": dict(
        input=[64], loss="softmax_cross_entropy", classes=10,
        layers=[dict(dense=dict(units=32, activation="relu")), dict(dense=dict(units=32, activation="relu")), dict(dense=dict(units=10))],
        optimizers=[dict(name="adam", learning_rate=5e-3), dict(name="sgd", learning_rate=0.2, momentum=0.9)]),
    "cnn": dict(
        input=[12, 12, 2], loss="softmax_cross_entropy", classes=10,
        layers=[dict(conv2d=dict(filters=8, kernel=3, activation="relu")), dict(maxpool2d=dict(size=2)), dict(flatten={}),
                dict(dense=dict(units=16, activation="relu")), dict(dense=dict(units=10))],
        optimizers=[dict(name="adam", learning_rate=5e-3), dict(name="sgd", learning_rate=0.1, momentum=0.9)]),
    "cnn-mixed": dict(
        input=[10, 8, 3], loss="softmax_cross_entropy", classes=4,
        layers=[dict(conv2d=dict(filters=6, kernel=3, stride=2, padding=1, activation="gelu")), dict(averagepool2d=dict(size=2, stride=1)),
                dict(conv2d=dict(filters=5, kernel=2, padding=1, activation="tanh", bias=False)), dict(sigmoid={}),
                dict(maxpool2d=dict(size=3, stride=2, padding=1)), dict(flatten={}), dict(dense=dict(units=4))],
        optimizers=[dict(name="adamw", learning_rate=2e-2), dict(name="rmsprop", learning_rate=5e-3)]),
    "binary": dict(
        input=[20], loss="binary_cross_entropy", outputs=1,
        layers=[dict(dense=dict(units=10, activation="tanh")), dict(dense=dict(units=10, activation="sigmoid")), dict(dense=dict(units=1))],
        optimizers=[dict(name="adam", learning_rate=1e-2), dict(name="adagrad", learning_rate=1e-2)]),
    "regression": dict(
        input=[12], loss="mse", outputs=3,
        layers=[dict(dense=dict(units=16, activation="gelu")), dict(dense=dict(units=3))],
        optimizers=[dict(name="adam", learning_rate=5e-3), dict(name="sgd", learning_rate=0.02, nesterov=True, momentum=0.9)]),
}

ACTIVATIONS = dict(relu=torch.nn.ReLU, gelu=torch.nn.GELU, tanh=torch.nn.Tanh, sigmoid=torch.nn.Sigmoid)
LOSSES = dict(softmax_cross_entropy=torch.nn.functional.cross_entropy, mse=torch.nn.functional.mse_loss,
              binary_cross_entropy=torch.nn.functional.binary_cross_entropy_with_logits)
OPTIMIZERS = dict(sgd=torch.optim.SGD, adam=torch.optim.Adam, adamw=torch.optim.AdamW, rmsprop=torch.optim.RMSprop,
                  adagrad=torch.optim.Adagrad)


class Model(torch.nn.Module):
    """The layers of one of the lists above; `position` of a module is its place in the list."""

    def __init__(self, input, layers):
        super().__init__()
        self.steps, self.owned = [], {}
        shape = input if len(input) == 1 else [input[2], input[0], input[1]]
        for position, layer in enumerate(layers):
            (kind, options), = layer.items()
            if kind == "dense":
                module = torch.nn.Linear(shape[0], options["units"])
            elif kind == "conv2d":
                module = torch.nn.Conv2d(shape[0], options["filters"], options["kernel"], options.get("stride", 1),
                                         options.get("padding", 0), bias=options.get("bias", True))
            elif kind == "maxpool2d":
                module = torch.nn.MaxPool2d(options["size"], options.get("stride"), options.get("padding", 0))
            elif kind == "averagepool2d":
                module = torch.nn.AvgPool2d(options["size"], options.get("stride"), options.get("padding", 0))
            elif kind == "flatten":
                module = torch.nn.Flatten()
            else:
                module = ACTIVATIONS[kind]()
            self.steps.append(module)
            self.owned[position] = module
            self.add_module(str(position), module)
            if options.get("activation"):
                self.steps.append(ACTIVATIONS[options["activation"]]())
            shape = list(module(torch.zeros(1, *shape)).shape[1:])

    def forward(self, x):
        for step in self.steps:
            x = step(x)
        return x

    def named(self):
        """(our name, parameter) in model order."""
        for position, module in self.owned.items():
            for role, parameter in module.named_parameters():
                yield f"layers.{position}.{role}", parameter


def draw(name, model, generator):
    """Learnable data: every class has a pattern of its own under noise; targets of the others are a smooth function of the input."""
    shape = model["input"]
    noise = torch.randn(SAMPLES, *shape, generator=generator)
    if "classes" in model:
        targets = torch.randint(model["classes"], (SAMPLES,), generator=generator)
        patterns = torch.randn(model["classes"], *shape, generator=generator)
        return (torch.sigmoid(patterns[targets] + 0.8 * noise) * 1000).round() / 1000, targets
    inputs = (noise * 100).round() / 100
    rule = torch.randn(shape[0], model["outputs"], generator=generator) / shape[0] ** 0.5
    values = torch.tanh(inputs @ rule)
    return inputs, (values > 0).float() if model["loss"] == "binary_cross_entropy" else (values * 100).round() / 100


def train(model, initial, inputs, targets, optimizer, dtype):
    network = Model(model["input"], model["layers"]).to(dtype)
    with torch.no_grad():
        for name, parameter in network.named():
            parameter.copy_(initial[name].to(dtype))
    x = inputs.to(dtype)
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2).contiguous()
    y = targets if targets.dtype == torch.int64 else targets.to(dtype)
    options = {("lr" if k == "learning_rate" else k): v for k, v in optimizer.items() if k != "name"}
    update = OPTIMIZERS[optimizer["name"]](network.parameters(), foreach=False, **options)
    batches = [slice(start, min(start + BATCH, SAMPLES)) for start in range(0, SAMPLES, BATCH)]
    losses, norms, first = [], [], None
    for step in range(STEPS):
        rows = batches[step % len(batches)]
        update.zero_grad()
        loss = LOSSES[model["loss"]](network(x[rows]), y[rows])
        loss.backward()
        squares = sum(float(p.grad.double().square().sum()) for p in network.parameters())
        losses.append(loss.item())
        norms.append(squares ** 0.5)
        if first is None:
            first = {name: p.grad.clone().double() for name, p in network.named()}
        update.step()
    return losses, norms, first


def recipe(name, model, optimizer):
    flow = lambda options: "{" + ", ".join(f"{k}: {str(v).lower() if isinstance(v, bool) else v}" for k, v in options.items()) + "}"
    place = f"Tests/Fixtures/models/{name}"
    layers = [f"    - {kind}: {flow(options)}" if options else f"    - {kind}"
              for layer in model["layers"] for kind, options in layer.items()]
    return "\n".join([
        f"# {STEPS} steps whose losses and gradient norms are recorded in figures.json; written by Tests/Fixtures/record_models.py.",
        f"name: parity-{name}-{optimizer['name']}", "seed: 1",
        f"data: {{format: npy, path: {place}, validation: 0, shuffle: false}}",
        "model:", f"  input: {model['input']}", "  layers:", *layers, f"loss: {model['loss']}", f"optimizer: {flow(optimizer)}", f"batch: {BATCH}", f"steps: {STEPS}",
        f"init: {{from: {place}/initial.safetensors}}", ""])


def record(name, model):
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1000 + sum(map(ord, name)))
    generator = torch.Generator().manual_seed(2000 + sum(map(ord, name)))
    inputs, targets = draw(name, model, generator)
    initial = {n: p.detach().clone() for n, p in Model(model["input"], model["layers"]).named()}
    runs = []
    for optimizer in model["optimizers"]:
        (folder / f"{optimizer['name']}.yaml").write_text(recipe(name, model, optimizer))
        losses, norms, _ = train(model, initial, inputs, targets, optimizer, torch.float32)
        exact_losses, exact_norms, gradients = train(model, initial, inputs, targets, optimizer, torch.float64)
        distance = max(abs(a - b) / abs(b) for a, b in zip(losses + norms, exact_losses + exact_norms))
        runs.append(dict(optimizer=optimizer, losses=losses, gradient_norms=norms, exact_losses=exact_losses,
                         exact_gradient_norms=exact_norms, torch_float32_distance=float(f"{distance:.2g}")))
        print(f"{name:11} {optimizer['name']:8} loss {losses[0]:.4f} -> {losses[-1]:.4f}; "
              f"PyTorch float32 is within {distance:.1e} of float64")
    save_file(initial, folder / "initial.safetensors")
    save_file(gradients, folder / "gradients.safetensors")
    np.save(folder / "x.npy", inputs.numpy().astype("<f4"))
    np.save(folder / "y.npy", targets.numpy().astype("<i8" if targets.dtype == torch.int64 else "<f4"))
    figures = dict(torch=torch.__version__, input=model["input"], layers=model["layers"], loss=model["loss"], samples=SAMPLES, batch=BATCH,
                   runs=runs)
    (folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    for name, model in MODELS.items():
        record(name, model)
    print(f"{sum(f.stat().st_size for f in HERE.rglob('*') if f.is_file())} bytes in {HERE.name}/")
