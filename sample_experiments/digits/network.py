"""A multilayer perceptron and its optimisers, in numpy.

Everything is float32, as it would be on a GPU, and so overflows where it would there.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

Parameters = dict[str, np.ndarray]

SLOPE = np.float32(0.1)
"""Of the leaky ReLU below zero, so that no unit dies for good: too large steps then explode, as they do in deep networks."""


def initial(sizes: list[int], rng: np.random.Generator) -> Parameters:
    """Weights and biases for layers of these sizes, input first.

    Source: He et al. 2015, variance 2 / fan-in, for rectified units.
    """
    parameters: Parameters = {}
    for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        weight = rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_in)
        parameters[f"layers.{layer}.weight"] = weight.astype(np.float32)
        parameters[f"layers.{layer}.bias"] = np.zeros(fan_out, np.float32)
    return parameters


def _activations(parameters: Parameters, inputs: np.ndarray) -> list[np.ndarray]:
    """The inputs, what each hidden layer gives, and last the logits."""
    layers = len(parameters) // 2
    values = [inputs]
    for layer in range(layers):
        value = values[-1] @ parameters[f"layers.{layer}.weight"] + parameters[f"layers.{layer}.bias"]
        values.append(np.maximum(value, SLOPE * value) if layer < layers - 1 else value)
    return values


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def probabilities(parameters: Parameters, inputs: np.ndarray) -> np.ndarray:
    """One row a picture, one column a class; each row adds up to 1."""
    return np.exp(_log_softmax(_activations(parameters, inputs)[-1]))


def loss_and_accuracy(parameters: Parameters, inputs: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean cross-entropy in nats, and the share of right answers."""
    log_p = _log_softmax(_activations(parameters, inputs)[-1])
    loss = -log_p[np.arange(len(labels)), labels].mean()
    return float(loss), float((log_p.argmax(axis=1) == labels).mean())


def loss_and_gradients(
    parameters: Parameters, inputs: np.ndarray, labels: np.ndarray
) -> tuple[float, Parameters]:
    """Mean cross-entropy of a batch and its derivative by every parameter."""
    values = _activations(parameters, inputs)
    log_p = _log_softmax(values[-1])
    rows = np.arange(len(labels))
    loss = float(-log_p[rows, labels].mean())

    delta = np.exp(log_p)
    delta[rows, labels] -= 1
    delta /= len(labels)
    gradients: Parameters = {}
    for layer in reversed(range(len(parameters) // 2)):
        gradients[f"layers.{layer}.weight"] = values[layer].T @ delta
        gradients[f"layers.{layer}.bias"] = delta.sum(axis=0)
        if layer:
            delta = (delta @ parameters[f"layers.{layer}.weight"].T) * np.where(
                values[layer] > 0, np.float32(1), SLOPE
            )
    return loss, gradients


def norm(gradients: Parameters) -> float:
    """Length of all gradients as one vector."""
    return float(np.sqrt(sum(np.square(value).sum() for value in gradients.values())))


@dataclasses.dataclass
class SGD:
    """Gradient descent with momentum; weight decay on the weights, not on the biases."""

    momentum: float = 0.0
    weight_decay: float = 0.0
    _velocity: Parameters = dataclasses.field(default_factory=dict)

    def step(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """Change the parameters in place."""
        for name, gradient in gradients.items():
            if self.weight_decay and name.endswith("weight"):
                gradient = gradient + self.weight_decay * parameters[name]
            if self.momentum:
                gradient = self._velocity[name] = self.momentum * self._velocity.get(name, 0) + gradient
            parameters[name] -= np.float32(learning_rate) * gradient


@dataclasses.dataclass
class Adam:
    """Adam with decoupled weight decay.

    Sources: Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019 for the decay.
    """

    weight_decay: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    _steps: int = 0
    _mean: Parameters = dataclasses.field(default_factory=dict)
    _square: Parameters = dataclasses.field(default_factory=dict)

    def step(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """Change the parameters in place."""
        self._steps += 1
        scale = learning_rate * np.sqrt(1 - self.beta2**self._steps) / (1 - self.beta1**self._steps)
        for name, gradient in gradients.items():
            mean = self._mean.setdefault(name, np.zeros_like(gradient))
            square = self._square.setdefault(name, np.zeros_like(gradient))
            mean += np.float32(1 - self.beta1) * (gradient - mean)
            square += np.float32(1 - self.beta2) * (gradient * gradient - square)
            if self.weight_decay and name.endswith("weight"):
                parameters[name] *= np.float32(1 - learning_rate * self.weight_decay)
            parameters[name] -= np.float32(scale) * mean / (np.sqrt(square) + np.float32(self.epsilon))
