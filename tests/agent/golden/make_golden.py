#!/usr/bin/env python3
"""Ten SAC updates by PyTorch in float64, for several settings, written as JSON: the oracle of golden_test.cc.

Usage: make_golden.py OUT.json [BATCH_NORM.json]   (needs torch and numpy; deterministic, up to last digits between kinds
of CPU). The cases with batch norms go into the second file where it is given: golden.json and batch_norm.json are committed.

Each case holds the settings, the initial parameters, and for every update the batch and noise that go in and the losses,
alpha, gradients (before clipping) and parameters that come out. The actor's output layer is [mu; log_std] in one; of a
mixture [all mu; all log_std; logits]. Noise of a mixture: one block (batch, action) for each component.

The cases from "tqc" on also hold the settings of EXTRA below (a case without them has their defaults). A critic of M
quantiles has M outputs. A hidden layer with a norm behind it also holds "norm": {"gamma", "beta"}, in values, gradients and
targets. With normalize_obs an update also holds "observed" (raw observations, row by row, that the statistics see before the
update, one after the other) and the statistics after them, "obs_mean", "obs_var", "obs_count"; "batch" is raw. With
normalize_reward it holds "rewards" and "dones" of transitions that the scale sees before the update, and the scale after
them, "reward_unit"; with n_target_critics "target_critics", those that it bootstraps from. With batch
norms a norm of the inputs is a layer that holds nothing but "norm"; biases and beta are missing where there are none.
"""
import json
import math
import sys

import numpy as np
import torch
from golden_cases import BASE, BATCH, BATCH_CASES, CASES, ENSEMBLE_CASES, EXTRA, EXTRA_CASES
from golden_rules import RewardScale, atoms, cross_entropy, kept_quantiles, project, projected, quantile_loss, scheduled

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "elu": torch.nn.ELU, "silu": torch.nn.SiLU}


def mlp(sizes, activation, norm="none", norm_eps=1e-5):
    layers = []
    for i, (n_in, n_out) in enumerate(zip(sizes, sizes[1:])):
        layers.append(torch.nn.Linear(n_in, n_out))
        if i + 2 < len(sizes):
            if norm == "layer":
                layers.append(torch.nn.LayerNorm(n_out, eps=norm_eps))
                # Not 1 and 0, so that a mistake in them shows from the first update on.
                torch.nn.init.normal_(layers[-1].weight, 1.0, 0.2)
                torch.nn.init.normal_(layers[-1].bias, 0.0, 0.2)
            layers.append(ACTIVATIONS[activation]())
    return torch.nn.Sequential(*layers)


def batch_norm(case, size, shifted=True):
    norm = torch.nn.BatchNorm1d(size, eps=case["norm_eps"], momentum=1 - case["batch_norm_momentum"])
    torch.nn.init.normal_(norm.weight, 1.0, 0.2)
    if shifted:
        torch.nn.init.normal_(norm.bias, 0.0, 0.2)
    norm.bias.requires_grad_(shifted)  # it starts at 0
    return norm


def batch_norm_net(case, sizes):
    """Hidden layers with batch norms, and one of the inputs."""
    before = case["norm_place"] == "before_activation"
    layers = [batch_norm(case, sizes[0], not before)] if case["norm_input"] else []
    for n_in, n_out in zip(sizes, sizes[1:-1]):
        parts = [batch_norm(case, n_out), ACTIVATIONS[case["activation_fn"]]()]
        layers += [torch.nn.Linear(n_in, n_out, bias=not before)] + (parts if before else parts[::-1])
    return torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-2], sizes[-1]))


def make_net(case, role, n_in, n_out):
    """role: actor, or critic (the state-value network too)."""
    if case.get(f"norm_layer_{role}") == "batch":
        return batch_norm_net(case, [n_in] + case["net_arch"] + [n_out])
    norm, eps = case.get(f"norm_layer_{role}", "none"), case.get("norm_eps", 1e-5)
    return mlp([n_in] + case["net_arch"] + [n_out], case["activation_fn"], norm, eps)


def linears(net):
    return [layer for layer in net if isinstance(layer, torch.nn.Linear)]


def norms(net):
    return [layer for layer in net if isinstance(layer, torch.nn.LayerNorm)]


def dump(net, read):
    layers = []
    for layer in net:
        if isinstance(layer, torch.nn.Linear):
            layers.append({"weight": read(layer.weight).ravel().tolist()})
            if layer.bias is not None:
                layers[-1]["bias"] = read(layer.bias).tolist()
        elif isinstance(layer, torch.nn.LayerNorm):
            layers[-1]["norm"] = {"gamma": read(layer.weight).tolist(), "beta": read(layer.bias).tolist()}
        elif isinstance(layer, torch.nn.BatchNorm1d):
            norm = {"gamma": read(layer.weight).tolist()}
            if layer.bias.requires_grad:
                norm["beta"] = read(layer.bias).tolist()
            if layers:
                layers[-1]["norm"] = norm
            else:  # of the inputs
                layers.append({"norm": norm})
    return layers


def dump_values(net):
    return dump(net, lambda p: p.detach().numpy())


def dump_grads(net):
    return dump(net, lambda p: p.grad.numpy())


class Optimizer:
    """Adam, or AdamW with the decay on some parameters only; the learning rate constant or by its own steps."""

    def __init__(self, case, parameters, lr, decayed=()):
        self.case, self.lr, self.steps = case, lr, 0
        kwargs = dict(lr=lr, betas=(0.9, 0.999), eps=1e-8)
        decay = case.get("weight_decay", 0.0)
        if decay == 0:
            self.optimizer = torch.optim.Adam(parameters, **kwargs)
            return
        ids = {id(p) for p in decayed}
        groups = [
            {"params": [p for p in parameters if id(p) in ids], "weight_decay": decay},
            {"params": [p for p in parameters if id(p) not in ids], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW([group for group in groups if group["params"]], **kwargs)

    def zero_grad(self):
        self.optimizer.zero_grad()

    def step(self):
        if (kind := self.case.get("learning_rate_schedule", "constant")) != "constant":
            share = scheduled(kind, self.steps, self.case["learning_rate_steps"])
            for group in self.optimizer.param_groups:
                group["lr"] = self.lr + (self.case["learning_rate_end"] - self.lr) * share
        self.optimizer.step()
        self.steps += 1


def decayed_parameters(net, scope):
    if scope == "all":
        return list(net.parameters())
    if scope == "weights":
        return [layer.weight for layer in linears(net)]
    assert scope == "heads_and_norms"
    return list(linears(net)[-1].parameters()) + [p for norm in norms(net) for p in norm.parameters()]


class Moments:
    """Running mean and variance of observations, one row after the other."""

    def __init__(self, size):
        self.mean, self.var, self.count = np.zeros(size), np.ones(size), 1e-4

    def observe(self, x):
        delta, count = x - self.mean, self.count + 1
        m2 = self.var * self.count + delta**2 * self.count / count
        self.mean, self.var, self.count = self.mean + delta / count, m2 / count, count

    def normalise(self, obs, eps, clip):
        obs = (obs - self.mean) / np.sqrt(self.var + eps)
        return np.clip(obs, -clip, clip) if clip > 0 else obs


def check():
    """Vectors T1, T2, T4 and T7 to T12 of the methods' specification."""

    def near(got, want, tolerance=1e-9):
        np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=0, atol=tolerance)

    # T4: truncation, target, loss and gradient of quantile critics
    z = kept_quantiles(torch.tensor([[[1.0, 2.0, 4.0, 7.0]], [[0.5, 2.5, 3.0, 9.0]]]), 1)
    near(z, [[0.5, 1, 2, 2.5, 3, 4]])
    y = 0.1 + 0.9 * (z - 0.2 * -1.5)
    near(y, [[0.82, 1.27, 2.17, 2.62, 3.07, 3.97]])
    theta = torch.tensor([[0.0, 1.0, 2.0, 3.0]], requires_grad=True)
    loss = quantile_loss(theta, y, torch.full_like(y, 1 / 6))
    loss.backward()
    near(loss.item(), 0.2569067708, 1e-10)
    near(theta.grad, [[-0.0303125, -0.06203125, -0.045625, -0.0211979167]], 1e-10)

    # T1, T2: projection, cross-entropy and its gradient of categorical critics
    support, p = torch.linspace(-2, 2, 5), torch.tensor([[0.1, 0.2, 0.3, 0.25, 0.15]])
    m = projected(p, 0.5 + 0.9 * (support[None, :] + 0.4), support)
    near(m, [[0, 0.102, 0.24, 0.318, 0.34]])
    logits = torch.tensor([[0.2, -0.1, 0.4, 0.0, -0.3]], requires_grad=True)
    loss = cross_entropy(logits, m)
    loss.backward()
    near(loss.item(), 1.694955575, 1e-9)
    near(logits.grad, [[0.2279211426, 0.0668481353, 0.0383835123, -0.1313939512, -0.2017588390]], 1e-10)

    # T7: layer norm
    for eps, y_first, dx_first in ((1e-6, 0.2105586887, 0.2869683590), (1e-5, 0.2105583900, 0.2869682330)):
        norm = norms(mlp([1, 4, 1], "relu", "layer", eps))[0]
        with torch.no_grad():
            norm.weight.copy_(torch.tensor([1.0, 2.0, 0.5, 1.0]))
            norm.bias.copy_(torch.tensor([0.0, 0.1, 0.0, -0.1]))
        x = torch.tensor([[1.0, -2.0, 3.0, 0.5]], requires_grad=True)
        y = norm(x)
        y.backward(torch.tensor([[1.0, -1.0, 0.5, 2.0]]))
        near([y[0, 0].item(), x.grad[0, 0].item()], [y_first, dx_first], 1e-10)
        if eps == 1e-6:
            near(y.detach(), [[0.2105586887, -2.8478216420, 0.6667691809, -0.1701862296]], 1e-10)
            near(x.grad, [[0.2869683590, -0.6050539218, -0.6624471710, 0.9805327337]], 1e-10)

    # T9: running moments
    moments = Moments(1)
    for x, mean, var in ((1, 0.99990001, 0.00019997), (3, 1.999900005, 1.00019998), (-2, 0.6666444452, 4.2221296322)):
        moments.observe(np.array([x]))
        near([moments.mean[0], moments.var[0]], [mean, var], 1e-8)

    # T8: projected norms
    for beta, gammas, betas in (
        ((0.1, -0.3, 0.2), (1.0954451135, 0.8215838351, 1.0041580207), (0.0912870928, -0.2738612784, 0.1825741856)),
        ((0.0, 0.0, 0.0), (1.1173875378, 0.8380406534, 1.0242719097), (0.0, 0.0, 0.0)),
    ):
        net = mlp([1, 3, 1], "relu", "layer")
        with torch.no_grad():
            norms(net)[0].weight.copy_(torch.tensor([1.2, 0.9, 1.1]))
            norms(net)[0].bias.copy_(torch.tensor(beta))
        project({"weight_norm": "rows_and_norms"}, [net])
        near(norms(net)[0].weight.detach(), gammas, 1e-10)
        near(norms(net)[0].bias.detach(), betas, 1e-10)

    # T10: the scale of rewards
    scale = RewardScale({"normalize_reward": "return_std_bounded", "gamma": 0.9, "norm_reward_max": 5.0})
    for reward, done, unit in ((1, 0, 0.2), (2, 0, 0.9501026212), (3, 1, 0.9202435054), (-1, 0, 0.8382261056)):
        scale.observe(reward, done)
        near(scale.unit(), unit, 1e-8)

    # T11: half a cosine
    for step, rate in ((250_000, 2.7803313355e-4), (500_000, 2.2500011781e-4)):
        near(3e-4 - 1.5e-4 * scheduled("cosine", step, 1_000_000), rate, 1e-14)

    # T12: Adam and AdamW
    for decay, wanted in ((0.0, (0.999000000020, 0.998733662987)), (1e-2, (0.998990000020, 0.998713673087))):
        p = torch.tensor([1.0], requires_grad=True)
        optimizer = Optimizer({"weight_decay": decay}, [p], 1e-3, [p])
        for grad, want in zip((0.5, -0.25), wanted):
            p.grad = torch.tensor([grad])
            optimizer.step()
            near(p.item(), want, 1e-12)


class Policy:
    def __init__(self, case):
        self.case = case
        self.net = make_net(case, "actor", case["obs_dim"], 2 * case["act_dim"])

    def sample(self, obs, eps, fixed=False):
        mu, raw = self.net(obs).chunk(2, dim=-1)
        low, high = self.case["log_std_min"], self.case["log_std_max"]
        if self.case["log_std_rule"] == "clamp":
            log_std = raw.clamp(low, high)
        else:
            log_std = low + 0.5 * (high - low) * (torch.tanh(raw) + 1)
        normal = torch.distributions.Normal(mu, log_std.exp())
        u = mu + log_std.exp() * eps
        if fixed:
            u = u.detach()
        log_prob = normal.log_prob(u)
        if self.case["policy"] == "gaussian":
            return u, log_prob.sum(-1)
        # log(1 - tanh(u)^2) by the exact identity
        log_slope = 2 * (math.log(2) - u - torch.nn.functional.softplus(-2 * u))
        return torch.tanh(u), (log_prob - log_slope).sum(-1)

    def log_prob(self, obs, eps):
        """Of the action that eps gives, held fixed."""
        return self.sample(obs, eps, fixed=True)[1]

    def samples(self, obs, eps):
        """(weight, action, log-probability) of one sample per component; here there is one."""
        return [(1.0, *self.sample(obs, eps[0]))]


class CorrelatedPolicy:
    """One Gaussian of any covariance behind tanh; densities by PyTorch's own multivariate normal."""

    def __init__(self, case):
        self.case, self.dim = case, case["act_dim"]
        self.net = make_net(case, "actor", case["obs_dim"], 2 * self.dim + self.dim * (self.dim - 1) // 2)

    def samples(self, obs, eps):
        mu, raw, shear = self.net(obs).split([self.dim, self.dim, self.dim * (self.dim - 1) // 2], dim=-1)
        std = raw.clamp(self.case["log_std_min"], self.case["log_std_max"]).exp()
        factor = torch.eye(self.dim).repeat(len(obs), 1, 1)
        rows, columns = torch.tril_indices(self.dim, self.dim, offset=-1)
        factor[:, rows, columns] = shear
        normal = torch.distributions.MultivariateNormal(mu, scale_tril=std.unsqueeze(-1) * factor)
        u = mu + torch.einsum("bij,bj->bi", std.unsqueeze(-1) * factor, eps[0])
        log_slope = 2 * (math.log(2) - u - torch.nn.functional.softplus(-2 * u))
        return [(1.0, torch.tanh(u), normal.log_prob(u) - log_slope.sum(-1))]


class MixturePolicy:
    """K Gaussians behind tanh; densities by PyTorch's own mixture."""

    def __init__(self, case):
        self.case = case
        self.num, self.dim = case["actor_components"], case["act_dim"]
        self.net = make_net(case, "actor", case["obs_dim"], self.num * (2 * self.dim + 1))

    def samples(self, obs, eps):
        size = self.num * self.dim
        mu, raw, logits = self.net(obs).split([size, size, self.num], dim=-1)
        low, high = self.case["log_std_min"], self.case["log_std_max"]
        if self.case["log_std_rule"] == "clamp":
            log_std = raw.clamp(low, high)
        else:
            log_std = low + 0.5 * (high - low) * (torch.tanh(raw) + 1)
        mu, std = mu.view(-1, self.num, self.dim), log_std.exp().view(-1, self.num, self.dim)
        mixture = torch.distributions.MixtureSameFamily(
            torch.distributions.Categorical(logits=logits),
            torch.distributions.Independent(torch.distributions.Normal(mu, std), 1))
        weight, out = torch.softmax(logits, -1), []
        for k in range(self.num):
            u = mu[:, k] + std[:, k] * eps[k]
            log_prob, action = mixture.log_prob(u), u
            if self.case["policy"] != "gaussian":
                log_prob = log_prob - (2 * (math.log(2) - u - torch.nn.functional.softplus(-2 * u))).sum(-1)
                action = torch.tanh(u)
            out.append((weight[:, k], action, log_prob))
        return out


def run(case, seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    n_obs, n_act, rows = case["obs_dim"], case["act_dim"], case["batch_size"]
    components = case.get("actor_components", 1)
    policy = Policy(case) if components == 1 else MixturePolicy(case)
    if case.get("actor_covariance", "diagonal") == "full":
        policy = CorrelatedPolicy(case)
    project(case, [policy.net])
    quantile = case.get("critic_loss", "mse") == "quantile"
    categorical = case.get("critic_loss", "mse") == "categorical"
    target_reduce, actor_reduce = case.get("target_reduce", "auto"), case.get("actor_reduce", "auto")
    num_targets = case.get("n_target_critics", 0) or case["n_critics"]
    critics, targets = [], []
    for _ in range(case["n_critics"]):
        outputs = case["n_quantiles"] if quantile else case["n_atoms"] if categorical else 1
        critics.append(make_net(case, "critic", n_obs + n_act, outputs))
        project(case, critics[-1:])
        targets.append(make_net(case, "critic", n_obs + n_act, outputs))
        targets[-1].load_state_dict(critics[-1].state_dict())
    own_targets = case.get("target_network", "polyak") == "none"
    joint = case.get("joint_batch", "off") != "off"
    targets = [] if own_targets else targets
    averaged = critics  # what the targets follow
    state_value = case["variant"] == "state_value"
    if state_value:  # arXiv 1801.01290: V(s) with a target of its own, none for the critics
        value_net, value_target = (make_net(case, "critic", n_obs, 1) for _ in range(2))
        value_target.load_state_dict(value_net.state_dict())
        averaged, targets = [value_net], [value_target]
    log_alpha = torch.tensor(math.log(case["ent_coef"]) if case["ent_coef_auto"] else 0.0, requires_grad=True)

    scope = case.get("weight_decay_scope", "all")
    critic_parameters = [p for net in critics for p in net.parameters()]
    actor_optimizer = Optimizer(
        case, list(policy.net.parameters()), case["learning_rate_actor"], decayed_parameters(policy.net, scope))
    critic_optimizer = Optimizer(
        case, critic_parameters, case["learning_rate_critic"], [p for net in critics for p in decayed_parameters(net, scope)])
    if state_value:
        value_optimizer = Optimizer(
            case, list(value_net.parameters()), case["learning_rate_critic"], decayed_parameters(value_net, scope))
    alpha_optimizer = Optimizer(case, [log_alpha], case["learning_rate_ent_coef"])  # never decayed
    moments = Moments(n_obs) if case.get("normalize_obs", False) else None
    scale_of_rewards = RewardScale(case) if case.get("normalize_reward", "none") != "none" else None

    out = {"config": case, "actor": dump_values(policy.net), "critics": [dump_values(c) for c in critics], "updates": []}
    if state_value:
        out["value"] = dump_values(value_net)
    target_entropy = -float(n_act) if case["target_entropy"] is None else case["target_entropy"]

    def alpha():
        return log_alpha.detach().exp() if case["ent_coef_auto"] else torch.tensor(case["ent_coef"])

    def values_of(nets, x):
        """(critics, rows)"""
        if categorical:
            return torch.stack([(torch.softmax(net(x), -1) * atoms(case)).sum(-1) for net in nets])
        return torch.stack([net(x).squeeze(-1) for net in nets])

    def value_of(nets, x, reduce=actor_reduce):
        """(rows,): the mean of all quantiles of all critics, or the least or the mean of the critics."""
        if quantile:
            return torch.stack([net(x) for net in nets]).mean((0, 2))
        values = values_of(nets, x)
        return values.mean(0) if reduce == "mean" else values.min(0).values

    for step in range(10):
        batch = {
            "obs": rng.normal(size=(rows, n_obs)),
            "action": rng.uniform(-1, 1, size=(rows, n_act)),
            "next_obs": rng.normal(size=(rows, n_obs)),
            "reward": rng.normal(size=rows),
            "discount": np.where(rng.uniform(size=rows) < 0.2, 0.0, 0.97),
            "eps": rng.normal(size=(components, rows, n_act)),
            "next_eps": rng.normal(size=(case["n_target_actions"], components, rows, n_act)),
        }
        if moments:  # no feature like the standard normal
            loc, scale = 2.0 - 1.5 * np.arange(n_obs), 0.5 + np.arange(n_obs)
            batch["obs"], batch["next_obs"] = loc + scale * batch["obs"], loc + scale * batch["next_obs"]
        record = {"batch": {k: v.ravel().tolist() for k, v in batch.items()}}
        if moments:
            observed = loc + scale * rng.normal(size=(4 if step == 0 else 1 + step % 3, n_obs))
            for row in observed:
                moments.observe(row)
            record["observed"] = observed.ravel().tolist()
            record["obs_mean"], record["obs_var"] = moments.mean.tolist(), moments.var.tolist()
            record["obs_count"] = moments.count
            for name in ("obs", "next_obs"):
                batch[name] = moments.normalise(batch[name], case["obs_norm_eps"], case["obs_norm_clip"])
        if scale_of_rewards:
            rewards = 3.0 * rng.normal(size=(6 if step == 0 else 1 + step % 3))
            dones = (rng.uniform(size=len(rewards)) < 0.3).astype(int)
            for reward, done in zip(rewards, dones):
                scale_of_rewards.observe(reward, done)
            record["rewards"], record["dones"] = rewards.tolist(), dones.tolist()
            record["reward_unit"] = scale_of_rewards.unit()
            batch["reward"] = batch["reward"] / scale_of_rewards.unit()
        t = {k: torch.as_tensor(v) for k, v in batch.items()}
        alpha_now = alpha()
        record["ent_coef"] = alpha_now.item()

        def step_critics():
            alpha_now = alpha()
            drawn = targets
            if num_targets < len(targets):
                chosen = sorted(rng.choice(len(targets), num_targets, replace=False).tolist())
                record["target_critics"], drawn = chosen, [targets[i] for i in chosen]
            backup_alpha = alpha_now if case.get("backup_entropy", True) else torch.tensor(0.0)
            for net in critics + targets:
                net.train()
            policy.net.eval()
            with torch.no_grad():
                if state_value:
                    next_value = value_target(t["next_obs"]).squeeze(-1)
                elif quantile:
                    # Every action of every component has a kept set of its own; its weight is the component's.
                    values, weights = [], []
                    for next_eps in t["next_eps"]:
                        for weight, next_action, next_log_pi in policy.samples(t["next_obs"], next_eps):
                            x = torch.cat([t["next_obs"], next_action], -1)
                            z = torch.stack([net(x) for net in drawn])
                            z = z.mean(0) if target_reduce == "mean" else kept_quantiles(z, case["top_quantiles_to_drop_per_net"])
                            values.append(z - backup_alpha * next_log_pi[:, None])
                            weights.append(torch.as_tensor(weight).expand(rows)[:, None].expand_as(z) / z.shape[-1])
                    next_value, y_weight = torch.cat(values, -1), torch.cat(weights, -1) / len(t["next_eps"])
                    y = case["reward_scale"] * t["reward"][:, None] + t["discount"][:, None] * next_value
                elif categorical:
                    # Of each critic's own target, or of the least one's: (critics, rows, atoms).
                    m = 0.0
                    for next_eps in t["next_eps"]:
                        for weight, next_action, next_log_pi in policy.samples(t["next_obs"], next_eps):
                            x = torch.cat([t["next_obs"], next_action], -1)
                            p = torch.stack([torch.softmax(net(x), -1) for net in drawn])
                            if target_reduce != "own":
                                p = p[(p * atoms(case)).sum(-1).argmin(0), torch.arange(rows)][None]
                            moved = (case["reward_scale"] * t["reward"][:, None]
                                     + t["discount"][:, None] * (atoms(case) - backup_alpha * next_log_pi[:, None]))
                            weight = torch.as_tensor(weight).expand(rows)[:, None] / len(t["next_eps"])
                            m = m + weight * torch.stack([projected(one, moved, atoms(case)) for one in p])
                    y = m.expand(len(critics), -1, -1)
                elif target_reduce == "own":
                    values = []
                    for next_eps in t["next_eps"]:
                        for weight, next_action, next_log_pi in policy.samples(t["next_obs"], next_eps):
                            x = torch.cat([t["next_obs"], next_action], -1)
                            values.append(weight * (values_of(drawn, x) - backup_alpha * next_log_pi))
                    next_value = torch.stack(values).sum(0) / len(t["next_eps"])  # (critics, rows)
                elif joint:
                    _, next_action, next_log_pi = policy.samples(t["next_obs"], t["next_eps"][0])[0]
                    both_halves = torch.cat(
                        [torch.cat([t["obs"], t["action"]], -1), torch.cat([t["next_obs"], next_action], -1)])
                else:
                    values = []
                    for next_eps in t["next_eps"]:
                        value = 0.0
                        for weight, next_action, next_log_pi in policy.samples(t["next_obs"], next_eps):
                            x = torch.cat([t["next_obs"], next_action], -1)
                            value = value + weight * (value_of(drawn, x, target_reduce) - backup_alpha * next_log_pi)
                        values.append(value)
                    next_value = torch.stack(values).mean(0)
                if not quantile and not categorical and not joint:
                    y = case["reward_scale"] * t["reward"] + t["discount"] * next_value
            x = torch.cat([t["obs"], t["action"]], -1)
            if joint:
                q = [net(both_halves).squeeze(-1) for net in critics]
                q_next = q if own_targets else [net(both_halves).squeeze(-1) for net in targets]
                least = torch.stack([values[rows:] for values in q_next]).min(0).values
                y = (case["reward_scale"] * t["reward"] + t["discount"] * (least - alpha_now * next_log_pi)).detach()
                loss = sum(((values[:rows] - y) ** 2).mean() for values in q)
            elif quantile:
                loss = sum(quantile_loss(net(x), y, y_weight) for net in critics)
            elif categorical:
                loss = sum(cross_entropy(net(x), m) for net, m in zip(critics, y))
            else:
                own = y if target_reduce == "own" else [y] * len(critics)
                loss = sum(((net(x).squeeze(-1) - one) ** 2).mean() for net, one in zip(critics, own))
            critic_optimizer.zero_grad()
            loss.backward()
            record["critic_loss"] = 0.5 * loss.item()
            record["critic_grads"] = [dump_grads(c) for c in critics]
            if case["max_grad_norm"] > 0:
                torch.nn.utils.clip_grad_norm_(critic_parameters, case["max_grad_norm"])
            critic_optimizer.step()
            project(case, critics)
            for net in critics:
                net.eval()
            policy.net.train()

        if case.get("update_order", "critic_first") == "critic_first":
            step_critics()

        if state_value:
            with torch.no_grad():
                v = 0.0
                for weight, action, log_pi in policy.samples(t["obs"], t["eps"]):
                    x = torch.cat([t["obs"], action], -1)
                    v = v + weight * (value_of(critics, x) - alpha_now * log_pi)
            value_loss = ((value_net(t["obs"]).squeeze(-1) - v) ** 2).mean()
            value_optimizer.zero_grad()
            value_loss.backward()
            record["value_loss"] = 0.5 * value_loss.item()
            record["value_grads"] = dump_grads(value_net)
            if case["max_grad_norm"] > 0:
                torch.nn.utils.clip_grad_norm_(value_net.parameters(), case["max_grad_norm"])
            value_optimizer.step()

        if step % case["policy_delay"] == 0:
            terms, log_pi = 0.0, 0.0
            for weight, action, part_log_pi in policy.samples(t["obs"], t["eps"]):
                x = torch.cat([t["obs"], action], -1)
                terms = terms + weight * (alpha_now * part_log_pi - value_of(critics, x))
                log_pi = log_pi + weight * part_log_pi
            actor_loss = terms.mean()
            actor_optimizer.zero_grad()
            if case["actor_gradient"] == "likelihood_ratio":
                # E13: the action is held fixed, and so are the factors of its log-probability.
                factor = terms.detach()
                if case["actor_baseline"] == "leave_one_out":
                    factor = factor - (factor.sum() - factor) / (rows - 1)
                (factor * policy.log_prob(t["obs"], t["eps"][0])).mean().backward()
            else:
                actor_loss.backward()
            record["actor_loss"] = actor_loss.item()
            record["actor_grads"] = dump_grads(policy.net)
            if case["max_grad_norm"] > 0:
                torch.nn.utils.clip_grad_norm_(policy.net.parameters(), case["max_grad_norm"])
            actor_optimizer.step()
            project(case, [policy.net])
            if case["ent_coef_auto"]:
                factor = log_alpha if case["ent_coef_loss"] == "log_alpha" else log_alpha.exp()
                alpha_loss = -(factor * (log_pi.detach() + target_entropy)).mean()
                alpha_optimizer.zero_grad()
                alpha_loss.backward()
                record["ent_coef_loss"] = alpha_loss.item()
                alpha_optimizer.step()

        if case.get("update_order", "critic_first") == "actor_first":
            step_critics()

        if (step + 1) % case["target_update_interval"] == 0:
            with torch.no_grad():
                for net, target in zip(averaged, targets):
                    for p, tp in zip(net.parameters(), target.parameters()):
                        tp.mul_(1 - case["tau"]).add_(case["tau"] * p)

        record["log_alpha"] = log_alpha.item()
        record["actor"] = dump_values(policy.net)
        record["critics"] = [dump_values(c) for c in critics]
        if state_value:
            record["value"] = dump_values(value_net)
        record["targets"] = [dump_values(c) for c in targets]
        out["updates"].append(record)
    return out


if __name__ == "__main__":
    check()
    settings = {name: {**BASE, **changes} for name, changes in CASES.items()}
    settings.update({name: {**BASE, **EXTRA, **changes} for name, changes in EXTRA_CASES.items()})
    settings.update({name: {**BASE, **EXTRA, **changes} for name, changes in ENSEMBLE_CASES.items()})
    cases = {name: run(case, seed) for seed, (name, case) in enumerate(settings.items(), start=1)}
    batch_cases = {name: run({**BASE, **BATCH, **case}, seed) for seed, (name, case) in enumerate(BATCH_CASES.items(), start=101)}
    files = [(sys.argv[1], cases), (sys.argv[2], batch_cases)] if len(sys.argv) > 2 else [(sys.argv[1], {**cases, **batch_cases})]
    for path, dumped in files:
        with open(path, "w") as f:
            json.dump({"torch": torch.__version__, "cases": dumped}, f, separators=(",", ":"))
