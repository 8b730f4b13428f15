#!/usr/bin/env python3
"""Records what PyTorch computes for ResNet-18, a character LSTM and a GPT, in fp32 and under bf16 autocast, for NetworksTests.

    python Tests/Fixtures/record_large_models.py        writes large_models.json beside this script

Needs torch 2.x and numpy. No weights are stored: both sides make them, and the batches, with `uniform` below from a number and an index, so
that a model of eleven million parameters costs a few kilobytes. Parameters are numbered in model order; a matrix or filter gets
u·sqrt(3/fan-in), a gain 1 + u/10, a bias or shift u/10, with u uniform in [-1, 1).

A ReLU whose input is within rounding of zero opens in one order of summation and closes in another, and its whole share of the gradient with
it. With shifts around zero every batch of ResNet-18 has such units: PyTorch's own fp32 gradient norm is up to 2.6e-5 from its fp64 with 8
images, up to 1.5e-4 with 16, and moves by up to 8e-5 when the same images come in another order and layout, so that nothing could be held to
1e-4. Its shifts are therefore 3 + u/10 in even channels and -3 + u/10 in odd ones: half of the units are open, half closed, few are near.

Per model: the loss before each of 20 updates and the L2 norm of the whole gradient, both precisions, and how far PyTorch's fp32 is from its
fp64 at most. Every step sees a batch of its own.
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

STEPS = 20
torch.set_num_threads(1)


def words(number, count):
    """Element i of stream `number`: the 64-bit finaliser of MurmurHash3 over (number, i)."""
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint64) + (np.uint64(number) << np.uint64(40))
        x ^= x >> np.uint64(33)
        x *= np.uint64(0xFF51AFD7ED558CCD)
        x ^= x >> np.uint64(33)
        x *= np.uint64(0xC4CEB9FE1A85EC53)
        return x ^ (x >> np.uint64(33))


def uniform(number, count):
    """24 bits, exact in fp32: [-1, 1)."""
    return ((words(number, count) >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1).astype(np.float32)


def integers(number, count, below):
    return (words(number, count) % np.uint64(below)).astype(np.int64)


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.inner(x) + self.shortcut(x))


def resnet18():
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    width = 64
    for outputs in (64, 128, 256, 512):
        layers += [Residual(width, outputs, 1 if outputs == 64 else 2), Residual(outputs, outputs, 1)]
        width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


class CharacterLSTM(nn.Module):
    def __init__(self, vocabulary, width):
        super().__init__()
        self.table = nn.Embedding(vocabulary, width)
        self.first = nn.LSTM(width, width, batch_first=True)
        self.second = nn.LSTM(width, width, batch_first=True)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, x):
        return self.head(self.second(self.first(self.table(x))[0])[0])


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(width)
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.before_hidden = nn.LayerNorm(width)
        self.hidden, self.out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.qkv(self.before_attention(x)).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_causal=True)
        x = x + self.projection(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.out(F.gelu(self.hidden(self.before_hidden(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self, vocabulary, length, blocks, heads, width):
        super().__init__()
        self.table, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.last = nn.LayerNorm(width)

    def forward(self, x):
        h = self.table(x) + self.positions(torch.arange(x.shape[1]))
        for block in self.blocks:
            h = block(h)
        return self.last(h) @ self.table.weight.T


MODELS = {
    "resnet18": dict(make=resnet18, batch=8, kind="images", shift=3,
                     optimizer=dict(name="sgd", learning_rate=1e-4, momentum=0.9, weight_decay=5e-4)),
    "lstm": dict(make=lambda: CharacterLSTM(65, 96), batch=8, kind="tokens", vocabulary=65, length=32,
                 optimizer=dict(name="adam", learning_rate=2e-3)),
    "gpt": dict(make=lambda: GPT(65, 64, 3, 4, 96), batch=4, kind="tokens", vocabulary=65, length=64,
                optimizer=dict(name="adamw", learning_rate=1e-3, weight_decay=0.01)),
}
OPTIMIZERS = dict(sgd=torch.optim.SGD, adam=torch.optim.Adam, adamw=torch.optim.AdamW)


def fill(model, shift):
    shifts = {name + ".bias" for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)}
    with torch.no_grad():
        for number, (name, parameter) in enumerate(model.named_parameters()):
            u = torch.from_numpy(uniform(number, parameter.numel())).view(parameter.shape)
            if parameter.ndim >= 2:
                parameter.copy_(u * float(np.float32((3.0 / np.prod(parameter.shape[1:])) ** 0.5)))
            else:
                is_gain = name.endswith("weight")
                parameter.copy_(u * 0.1 + (1 if is_gain else 0))
            if name in shifts:
                parameter[0::2] += shift
                parameter[1::2] -= shift


def draw(model, step):
    """The batch of a step: images with their classes, or tokens whose successor is mostly a function of them."""
    batch = model["batch"]
    if model["kind"] == "images":
        classes = integers(2000 + step, batch, 10)
        images = uniform(1000 + step, batch * 32 * 32 * 3).reshape(batch, 32, 32, 3)
        images = images * np.float32(0.5) + ((classes - 4.5) / 4.5).astype(np.float32)[:, None, None, None] * np.float32(0.5)
        return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(classes)
    length = model["length"]
    noise = integers(1000 + step, batch * (length + 1), model["vocabulary"]).reshape(batch, length + 1)
    tokens = noise.copy()
    for t in range(1, length + 1):
        tokens[:, t] = np.where(noise[:, t] < 50, (tokens[:, t - 1] * 7 + 3) % model["vocabulary"], noise[:, t])
    return torch.from_numpy(tokens[:, :-1].copy()), torch.from_numpy(tokens[:, 1:].copy())


def train(description, half=False, dtype=torch.float32):
    model = description["make"]()
    fill(model, description.get("shift", 0))
    model = model.to(dtype)
    options = {("lr" if k == "learning_rate" else k): v for k, v in description["optimizer"].items() if k != "name"}
    update = OPTIMIZERS[description["optimizer"]["name"]](model.parameters(), foreach=False, **options)
    losses, norms = [], []
    for step in range(STEPS):
        x, y = draw(description, step)
        x = x.to(dtype) if x.is_floating_point() else x
        update.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            out = model(x)
        loss = F.cross_entropy(out.flatten(0, -2).float() if half else out.flatten(0, -2), y.flatten())
        loss.backward()
        losses.append(loss.item())
        norms.append(sum(float(p.grad.double().square().sum()) for p in model.parameters()) ** 0.5)
        update.step()
    return losses, norms, sum(p.numel() for p in model.parameters())


def relative(a, b):
    return max(abs(u - v) / abs(v) for u, v in zip(a, b))


if __name__ == "__main__":
    figures = dict(torch=torch.__version__.split("+")[0], steps=STEPS, models={})
    for name, description in MODELS.items():
        losses, norms, count = train(description)
        half_losses, half_norms, _ = train(description, half=True)
        exact_losses, exact_norms, _ = train(description, dtype=torch.float64)
        own = relative(losses + norms, exact_losses + exact_norms)
        figures["models"][name] = dict(
            batch=description["batch"], kind=description["kind"], vocabulary=description.get("vocabulary", 0),
            length=description.get("length", 0), parameters=count, shift=description.get("shift", 0), optimizer=description["optimizer"],
            fp32_from_fp64=own, losses=losses, gradient_norms=norms, bf16_losses=half_losses, bf16_gradient_norms=half_norms)
        print(f"{name:9} {count} parameters, loss {losses[0]:.4f} -> {losses[-1]:.4f}; fp32 is within {own:.1e} of fp64, "
              f"bf16 within {relative(half_losses + half_norms, losses + norms):.1e} of fp32")
    (pathlib.Path(__file__).parent / "large_models.json").write_text(json.dumps(figures, indent=1) + "\n")
