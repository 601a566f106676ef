"""Rules around an update that make_golden.py takes: schedules, the scale of rewards, projected weights."""
import math

import torch


def scheduled(kind, step, steps):
    """The part of the way from the first learning rate to the last that lies behind."""
    if kind == "linear":
        return min(step / steps, 1.0)
    warmup = int(1e-6 * steps)
    return 0.5 * (1.0 - math.cos(math.pi * min(max(step - warmup, 0) / (steps - warmup), 1.0)))


class RewardScale:
    """c by the running moments and the largest size of a stream's discounted returns."""

    def __init__(self, case):
        self.case, self.total, self.largest = case, 0.0, 0.0
        self.bounded = case["normalize_reward"] == "return_std_bounded"
        self.mean, self.var, self.count = 0.0, 1.0, 1e-4 if self.bounded else 0.0

    def observe(self, reward, done):
        self.total = (0.0 if done else self.case["gamma"] * self.total) + reward
        delta, count = self.total - self.mean, self.count + 1
        self.var = (self.var * self.count + delta**2 * self.count / count) / count
        self.mean, self.count = self.mean + delta / count, count
        self.largest = max(self.largest, abs(self.total))

    def unit(self):
        if self.bounded:
            return max(math.sqrt(self.var + 1e-8), self.largest / self.case["norm_reward_max"])
        return math.sqrt(self.var) + 1e-8


def project(case, nets):
    """weight_norm: unit rows; rows_and_norms also gamma and beta of norms."""
    rule = case.get("weight_norm", "none")
    with torch.no_grad():
        for net in nets if rule != "none" else []:
            for layer in (x for x in net if isinstance(x, torch.nn.Linear)):
                layer.weight.div_(layer.weight.norm(dim=1, keepdim=True).clamp(min=1e-8))
            for norm in (x for x in net if isinstance(x, torch.nn.LayerNorm) and rule == "rows_and_norms"):
                squares = (norm.weight**2).sum() + (norm.bias**2).sum()
                factor = math.sqrt(len(norm.weight)) / torch.sqrt(squares + 1e-8)
                norm.weight.mul_(factor)
                norm.bias.mul_(factor)


def kept_quantiles(outputs, drop_per_net):
    """(critics, rows, M) to (rows, kept): pooled, sorted, without the largest."""
    pooled = torch.cat(list(outputs), -1).sort(-1).values
    return pooled[:, : pooled.shape[-1] - drop_per_net * len(outputs)]


def quantile_loss(theta, y, weight):
    """Of one critic: theta (rows, M); y and its weights (rows, L), whose rows sum to one."""
    num = theta.shape[-1]
    tau = ((torch.arange(num) + 0.5) / num)[None, :, None]
    theta, y = torch.broadcast_tensors(theta[:, :, None], y[:, None, :])
    huber = torch.nn.functional.huber_loss(theta, y, reduction="none", delta=1.0)
    rho = (tau - (y < theta).to(y.dtype)).abs() * huber
    return (rho * weight[:, None, :]).sum(-1).mean()


def atoms(case):
    return torch.linspace(case["v_min"], case["v_max"], case["n_atoms"])


def projected(p, at, support):
    """(rows, n) probabilities p whose atoms moved to `at`, on the support's atoms: shares to the two neighbours."""
    step = support[1] - support[0]
    place = (at.clamp(support[0], support[-1]) - support[0]) / step
    share = (1 - (place[:, :, None] - torch.arange(len(support))).abs()).clamp(min=0)  # (rows, from, to)
    return (p[:, :, None] * share).sum(1)


def cross_entropy(logits, m):
    return -(m * torch.log_softmax(logits, -1)).sum(-1).mean()
