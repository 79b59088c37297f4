"""The models of bench_jobs.h in Python, name for name."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class EncoderLayer(nn.Module):
    def __init__(self, hidden, heads, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, hidden)
        self.attention_norm = nn.LayerNorm(hidden, eps=1e-12)
        self.up = nn.Linear(hidden, 4 * hidden)
        self.down = nn.Linear(4 * hidden, hidden)
        self.output_norm = nn.LayerNorm(hidden, eps=1e-12)

    def dropped(self, x):
        return F.dropout(x, self.dropout, self.training)

    def split(self, x):
        return x.view(x.size(0), x.size(1), self.heads, -1).transpose(1, 2)

    def attention(self, x):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        weights = self.dropped(torch.softmax(q @ k.transpose(2, 3) * (1 / math.sqrt(q.size(3))), -1))
        return (weights @ v).transpose(1, 2).contiguous().view(x.shape)

    def forward(self, x):
        middle = self.attention_norm(self.dropped(self.output(self.attention(x))) + x)
        return self.output_norm(self.dropped(self.down(F.gelu(self.up(middle)))) + middle)


class Encoder(nn.Module):
    def __init__(self, hidden=128, layers=2, heads=2, dropout=0.1):
        super().__init__()
        self.dropout = dropout
        self.tokens = nn.Embedding(30522, hidden)
        self.positions = nn.Embedding(512, hidden)
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        self.layers = nn.ModuleList(EncoderLayer(hidden, heads, dropout) for _ in range(layers))
        self.classifier = nn.Linear(hidden, 2)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, 0, 0.02)

    def forward(self, input_ids, labels=None):
        places = torch.arange(input_ids.size(1))
        x = self.norm(self.tokens(input_ids) + self.positions(places))
        x = F.dropout(x, self.dropout, self.training)
        for layer in self.layers:
            x = layer(x)
        logits = self.classifier(x[:, 0])
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}


class Block(nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu_(self.bn1(self.conv1(x)))
        return F.relu_(self.bn2(self.conv2(x)).add_(shortcut))


class Resnet(nn.Module):
    """The example's: one basic block in each of two stages."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Block(64, 64, 1))
        self.layer2 = nn.Sequential(Block(64, 128, 2))
        self.fc = nn.Linear(128, 10)

    def forward(self, pixel_values, labels=None):
        x = self.maxpool(F.relu_(self.bn1(self.conv1(pixel_values))))
        logits = self.fc(self.layer2(self.layer1(x)).mean((2, 3)))
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}


class Rows:
    """What a user of PyTorch writes: a dataset over tensors."""

    def __init__(self, columns):
        self.columns = columns

    def __len__(self):
        return len(self.columns["labels"])

    def __getitem__(self, index):
        return {name: column[index] for name, column in self.columns.items()}


def job(name, updates):
    """Model, columns, batch size: see bench_jobs.h."""
    torch.manual_seed(42)
    if name == "resnet":
        count = 64 * updates
        columns = {"pixel_values": torch.randn(count, 1, 28, 28), "labels": torch.randint(10, (count,))}
        return Resnet(), columns, 64
    batch, length = (8, 128) if name == "encoder-small" else (4, 64)
    model = Encoder() if name == "encoder-small" else Encoder(768, 12, 12)
    count = batch * updates
    columns = {"input_ids": torch.randint(30522, (count, length)), "labels": torch.randint(2, (count,))}
    return model, columns, batch
