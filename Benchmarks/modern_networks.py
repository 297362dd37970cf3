"""Networks of today's kinds in small sizes, written with torch.nn alone, with their usual starts.

`NETWORKS` maps names to functions that give a module and its inputs.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class RootMeanSquareNorm(nn.Module):
    """RMS norm as decoders write it out."""

    def __init__(self, width, epsilon=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon))


def turned(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


class Attention(nn.Module):
    """Attention written out: rotary places, grouped queries and a causal mask as they are asked for."""

    def __init__(self, width, heads, groups=None, rotary=False, causal=False, bias=True, fused=False):
        super().__init__()
        self.heads, self.groups, self.size = heads, groups or heads, width // heads
        self.rotary, self.causal, self.fused = rotary, causal, fused
        self.q = nn.Linear(width, width, bias)
        self.k = nn.Linear(width, self.groups * self.size, bias)
        self.v = nn.Linear(width, self.groups * self.size, bias)
        self.o = nn.Linear(width, width, bias)

    def forward(self, x):
        batch, steps, width = x.shape
        q = self.q(x).view(batch, steps, self.heads, self.size).transpose(1, 2)
        k = self.k(x).view(batch, steps, self.groups, self.size).transpose(1, 2)
        v = self.v(x).view(batch, steps, self.groups, self.size).transpose(1, 2)
        if self.rotary:
            rates = 1 / 10000 ** (torch.arange(0, self.size, 2).float() / self.size)
            angles = torch.outer(torch.arange(steps).float(), rates)
            angles = torch.cat([angles, angles], -1)
            q, k = turned(q, angles.cos(), angles.sin()), turned(k, angles.cos(), angles.sin())
        if self.groups < self.heads:
            repeats = self.heads // self.groups
            k = k[:, :, None].expand(-1, -1, repeats, -1, -1).reshape(batch, self.heads, steps, self.size)
            v = v[:, :, None].expand(-1, -1, repeats, -1, -1).reshape(batch, self.heads, steps, self.size)
        if self.fused:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        else:
            scores = q @ k.transpose(-1, -2) / math.sqrt(self.size)
            if self.causal:
                mask = torch.full((steps, steps), torch.finfo(torch.float32).min).triu(1)
                scores = scores + mask
            y = scores.softmax(-1) @ v
        return self.o(y.transpose(1, 2).reshape(batch, steps, width))


class GatedMLP(nn.Module):
    def __init__(self, width, hidden, gate):
        super().__init__()
        self.gate = nn.Linear(width, hidden, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)
        self.function = gate

    def forward(self, x):
        return self.down(self.function(self.gate(x)) * self.up(x))


class MLP(nn.Sequential):
    def __init__(self, width, hidden, activation):
        super().__init__(nn.Linear(width, hidden), activation, nn.Linear(hidden, width))


class Block(nn.Module):
    """A block with norms ahead of its branches, or behind their sums."""

    def __init__(self, width, attention, mlp, norm, ahead=True):
        super().__init__()
        self.first, self.second = norm(width), norm(width)
        self.attention, self.mlp, self.ahead = attention, mlp, ahead

    def forward(self, x):
        if self.ahead:
            x = x + self.attention(self.first(x))
            return x + self.mlp(self.second(x))
        x = self.first(x + self.attention(x))
        return self.second(x + self.mlp(x))


class Language(nn.Module):
    """Tokens, learned places where asked for, blocks, and a head."""

    def __init__(self, words, width, blocks, norm, places=None, embedding_std=0.02, head=True):
        super().__init__()
        self.tokens = nn.Embedding(words, width)
        self.places = nn.Embedding(places, width) if places else None
        self.blocks, self.norm = nn.ModuleList(blocks), norm(width)
        self.head = nn.Linear(width, words, bias=False) if head else None
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)) and embedding_std:
                nn.init.normal_(module.weight, std=embedding_std)
                if getattr(module, "bias", None) is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, tokens):
        x = self.tokens(tokens)
        if self.places is not None:
            x = x + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return x if self.head is None else self.head(x)


def tokens(steps=24, batch=8, words=300):
    return (torch.randint(0, words, (batch, steps)),)


def llama(groups=2, gate=F.silu, std=0.02, width=64, fused=False):
    blocks = [
        Block(width, Attention(width, 4, groups, rotary=True, causal=True, bias=False, fused=fused),
              GatedMLP(width, 176, gate), RootMeanSquareNorm) for _ in range(4)]
    return Language(300, width, blocks, RootMeanSquareNorm, embedding_std=std), tokens()


def gpt(fused=False):
    blocks = [Block(64, Attention(64, 4, causal=True, fused=fused), MLP(64, 256, nn.GELU(approximate="tanh")),
                    nn.LayerNorm) for _ in range(4)]
    return Language(300, 64, blocks, nn.LayerNorm, places=24), tokens()


def bert():
    blocks = [Block(64, Attention(64, 4), MLP(64, 256, nn.GELU()), nn.LayerNorm, ahead=False) for _ in range(4)]
    return Language(300, 64, blocks, nn.LayerNorm, places=24, head=False), tokens()


def t5():
    blocks = [Block(64, Attention(64, 4, bias=False), GatedMLP(64, 128, lambda x: F.gelu(x, approximate="tanh")),
                    RootMeanSquareNorm) for _ in range(4)]
    return Language(300, 64, blocks, RootMeanSquareNorm, embedding_std=0.05, head=False), tokens()


def encoder():
    layer = nn.TransformerEncoderLayer(48, 4, 96, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 3), (torch.randn(8, 20, 48),)


class Vision(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 64, 4, 4)
        self.places = nn.Parameter(torch.randn(1, 16, 64) * 0.02)
        self.blocks = nn.ModuleList(
            [Block(64, Attention(64, 4), MLP(64, 128, nn.GELU()), nn.LayerNorm) for _ in range(4)])
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.places
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


def images(channels=3, size=16, batch=8):
    return (torch.randn(batch, channels, size, size),)


def vit():
    return Vision(), images()


class Excite(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.down = nn.Conv2d(channels, channels // reduction, 1)
        self.up = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.up(F.silu(self.down(x.mean((2, 3), keepdim=True)))))


class Inverted(nn.Module):
    """Expansion, a depthwise convolution, squeeze-and-excite, projection."""

    def __init__(self, a, b, stride=1, expansion=4, activation=nn.SiLU, excite=True):
        super().__init__()
        hidden = a * expansion
        self.body = nn.Sequential(
            nn.Conv2d(a, hidden, 1, bias=False), nn.BatchNorm2d(hidden), activation(),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden),
            activation(), Excite(hidden) if excite else nn.Identity(),
            nn.Conv2d(hidden, b, 1, bias=False), nn.BatchNorm2d(b))
        self.adds = stride == 1 and a == b

    def forward(self, x):
        y = self.body(x)
        return x + y if self.adds else y


def efficientnet():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.SiLU(), Inverted(16, 16), Inverted(16, 16),
        Inverted(16, 24, 2), Inverted(24, 24), nn.Conv2d(24, 64, 1, bias=False), nn.BatchNorm2d(64), nn.SiLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)), images(size=32)


def mobilenet():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6(),
        Inverted(16, 16, activation=nn.ReLU6, excite=False), Inverted(16, 24, 2, activation=nn.ReLU6, excite=False),
        Inverted(24, 24, activation=nn.ReLU6, excite=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(24, 10)), images()


class Residual(nn.Module):
    def __init__(self, a, b, stride=1, groups=1):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(),
            nn.Conv2d(b, b, 3, 1, 1, groups=groups, bias=False), nn.BatchNorm2d(b))
        self.skip = nn.Identity() if a == b and stride == 1 else nn.Sequential(
            nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


def resnet(groups=1):
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), Residual(16, 16, groups=groups),
        Residual(16, 32, 2, groups), Residual(32, 32, groups=groups), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(32, 10)), images()


class Next(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.depth = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.mlp = MLP(width, 4 * width, nn.GELU())

    def forward(self, x):
        y = self.mlp(self.norm(self.depth(x).permute(0, 2, 3, 1)))
        return x + y.permute(0, 3, 1, 2)


def convnext():
    return nn.Sequential(nn.Conv2d(3, 32, 2, 2), Next(32), Next(32), nn.Conv2d(32, 48, 2, 2), Next(48),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 10)), images()


def double(a, b, norm):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), norm(b), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), norm(b),
                         nn.ReLU())


class UNet(nn.Module):
    def __init__(self, mode, norm=nn.BatchNorm2d):
        super().__init__()
        self.mode = mode
        self.a, self.b, self.c = double(3, 16, norm), double(16, 32, norm), double(32, 64, norm)
        self.up1, self.up2 = nn.Conv2d(64, 32, 1), nn.Conv2d(32, 16, 1)
        self.d, self.e = double(64, 32, norm), double(32, 16, norm)
        self.out = nn.Conv2d(16, 2, 1)

    def grown(self, x):
        extra = {} if self.mode == "nearest" else {"align_corners": False}
        return F.interpolate(x, scale_factor=2.0, mode=self.mode, **extra)

    def forward(self, x):
        a = self.a(x)
        b = self.b(F.max_pool2d(a, 2))
        c = self.c(F.max_pool2d(b, 2))
        d = self.d(torch.cat([b, self.up1(self.grown(c))], 1))
        return self.out(self.e(torch.cat([a, self.up2(self.grown(d))], 1)))


class Noised(nn.Module):
    """A block of a diffusion network: group norm, silu, convolution, and an embedding of the time."""

    def __init__(self, a, b, time):
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, a), nn.SiLU(), nn.Conv2d(a, b, 3, padding=1))
        self.time = nn.Linear(time, b)
        self.second = nn.Sequential(nn.GroupNorm(8, b), nn.SiLU(), nn.Conv2d(b, b, 3, padding=1))
        self.skip = nn.Conv2d(a, b, 1) if a != b else nn.Identity()

    def forward(self, x, t):
        y = self.first(x) + self.time(F.silu(t))[:, :, None, None]
        return self.skip(x) + self.second(y)


class Diffusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(16, 64), nn.SiLU(), nn.Linear(64, 64))
        self.start = nn.Conv2d(3, 16, 3, padding=1)
        self.a, self.b = Noised(16, 16, 64), Noised(16, 32, 64)
        self.down = nn.Conv2d(16, 16, 3, 2, 1)
        self.middle = Noised(32, 32, 64)
        self.up = nn.Conv2d(32, 32, 3, padding=1)
        self.c = Noised(48, 16, 64)
        self.out = nn.Sequential(nn.GroupNorm(8, 16), nn.SiLU(), nn.Conv2d(16, 3, 3, padding=1))

    def forward(self, x, t):
        t = self.time(t)
        a = self.a(self.start(x), t)
        b = self.middle(self.b(self.down(a), t), t)
        c = self.up(F.interpolate(b, scale_factor=2.0, mode="nearest"))
        return self.out(self.c(torch.cat([a, c], 1), t))


def diffusion():
    return Diffusion(), (*images(), torch.randn(8, 16))


def autoencoder():
    return nn.Sequential(
        nn.Conv2d(3, 16, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(16, 32, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(),
        nn.Linear(512, 32), nn.Linear(32, 512), nn.ReLU(), nn.Unflatten(1, (32, 4, 4)),
        nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh()), images()


def upsampling_decoder():
    def up(a, b):
        return [nn.Upsample(scale_factor=2), nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()]
    return nn.Sequential(nn.Linear(32, 512), nn.Unflatten(1, (32, 4, 4)), *up(32, 32), *up(32, 16),
                         nn.Conv2d(16, 3, 3, padding=1)), (torch.randn(16, 32),)


class Gated(nn.Module):
    """A stack of dilated convolutions with gates."""

    def __init__(self, channels=32):
        super().__init__()
        self.start = nn.Conv1d(1, channels, 1)
        self.gates = nn.ModuleList([nn.Conv1d(channels, 2 * channels, 3, padding=2 ** i, dilation=2 ** i)
                                    for i in range(4)])
        self.mixes = nn.ModuleList([nn.Conv1d(channels, channels, 1) for _ in range(4)])
        self.out = nn.Conv1d(channels, 4, 1)

    def forward(self, x):
        x = self.start(x)
        for gate, mix in zip(self.gates, self.mixes):
            a, b = gate(x).chunk(2, 1)
            x = x + mix(torch.tanh(a) * torch.sigmoid(b))
        return self.out(x)


def wavenet():
    return Gated(), (torch.randn(8, 1, 64),)


class MixerBlock(nn.Module):
    def __init__(self, steps, width):
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.places, self.channels = MLP(steps, 2 * steps, nn.GELU()), MLP(width, 2 * width, nn.GELU())

    def forward(self, x):
        x = x + self.places(self.first(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.second(x))


def mixer():
    return nn.Sequential(*[MixerBlock(16, 48) for _ in range(3)]), (torch.randn(8, 16, 48),)


class Ranking(nn.Module):
    """Embeddings of categories beside numbers."""

    def __init__(self):
        super().__init__()
        self.tables = nn.ModuleList([nn.Embedding(size, 16) for size in (20, 100, 500)])
        self.deep = nn.Sequential(nn.Linear(56, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, numbers, categories):
        rows = [table(categories[:, i] % table.num_embeddings) for i, table in enumerate(self.tables)]
        return self.deep(torch.cat([numbers, *rows], 1))


def ranking():
    return Ranking(), (torch.randn(32, 8), torch.randint(0, 20, (32, 3)))


NETWORKS = {
    "llama": llama, "llama fused": lambda: llama(fused=True), "llama one key": lambda: llama(groups=1),
    "geglu decoder": lambda: llama(groups=4, gate=F.gelu, std=None, width=96), "gpt": gpt,
    "gpt fused": lambda: gpt(True), "bert": bert, "t5 encoder": t5, "encoder": encoder, "vit": vit,
    "efficientnet": efficientnet, "mobilenet": mobilenet, "resnet": resnet, "resnext": lambda: resnet(4),
    "convnext": convnext, "unet nearest": lambda: (UNet("nearest"), images()),
    "unet bilinear": lambda: (UNet("bilinear"), images()), "diffusion": diffusion, "autoencoder": autoencoder,
    "upsampling decoder": upsampling_decoder, "wavenet": wavenet, "mixer": mixer, "ranking": ranking,
}
