"""The cases in PyTorch with `torch.compile`."""

import shutil

import peer_torch
import torch

LEFT_OUT = {}


def build(kind, inputs, threads):
    if not shutil.which("g++"):
        raise NotImplementedError("torch.compile needs a C++ compiler")
    return peer_torch.build(kind, inputs, threads, torch.compile)
