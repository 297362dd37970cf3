"""ResNet-50 and BERT-base, written with torch.nn alone, with random weights."""
import torch
import torch.nn as nn


class Bottleneck(nn.Module):
    def __init__(self, channels, inner, stride):
        super().__init__()
        outer = 4 * inner
        self.branch = nn.Sequential(
            nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, stride, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, outer, 1, bias=False), nn.BatchNorm2d(outer))
        self.shortcut = nn.Identity() if channels == outer and stride == 1 else nn.Sequential(
            nn.Conv2d(channels, outer, 1, stride, bias=False), nn.BatchNorm2d(outer))

    def forward(self, x):
        return torch.relu(self.branch(x) + self.shortcut(x))


class ResNet50(nn.Module):
    """The network of He et al., 2015, with the stride in the 3 x 3 convolution: 25.6 million parameters."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        channels, blocks = 64, []
        for stage, (inner, count) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)]):
            for number in range(count):
                blocks.append(Bottleneck(channels, inner, 2 if stage and not number else 1))
                channels = 4 * inner
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(channels, 1000)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


class BERT(nn.Module):
    """The encoder of Devlin et al., 2018, of the base size, and its pooler: 109 million parameters."""

    def __init__(self, words=30522, width=768, depth=12, heads=12, length=512):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.places = nn.Embedding(length, width)
        self.segments = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.encoder = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True)
            for _ in range(depth))
        self.pooler = nn.Linear(width, width)
        for table in (self.words, self.places, self.segments):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1])[None]
        x = self.norm(self.words(tokens) + self.places(places) + self.segments(torch.zeros_like(tokens)))
        for layer in self.encoder:
            x = layer(x)
        return torch.tanh(self.pooler(x[:, 0]))


def model(name):
    """A module and its input, of one sample."""
    torch.manual_seed(0)
    if name == "resnet50":
        return ResNet50(), torch.randn(1, 3, 224, 224)
    return BERT(), torch.randint(0, 30522, (1, 128))
