#!/usr/bin/env python3
"""Ten SAC updates by PyTorch in float64, for several settings, written as JSON: the oracle of golden_test.cc.

Usage: make_golden.py OUT.json        (needs torch and numpy; deterministic)

Each case holds the settings, the initial parameters, and for every update the batch and noise that go in and the losses,
alpha, gradients (before clipping) and parameters that come out. The actor's output layer is [mu; log_std] in one; of a
mixture [all mu; all log_std; logits]. Noise of a mixture: one block (batch, action) for each component.
"""
import json
import math
import sys

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "elu": torch.nn.ELU, "silu": torch.nn.SiLU}


def mlp(sizes, activation):
    layers = []
    for i, (n_in, n_out) in enumerate(zip(sizes, sizes[1:])):
        layers.append(torch.nn.Linear(n_in, n_out))
        if i + 2 < len(sizes):
            layers.append(ACTIVATIONS[activation]())
    return torch.nn.Sequential(*layers)


def linears(net):
    return [layer for layer in net if isinstance(layer, torch.nn.Linear)]


def dump_values(net):
    return [{"weight": l.weight.detach().numpy().ravel().tolist(), "bias": l.bias.detach().numpy().tolist()} for l in linears(net)]


def dump_grads(net):
    return [{"weight": l.weight.grad.numpy().ravel().tolist(), "bias": l.bias.grad.numpy().tolist()} for l in linears(net)]


class Policy:
    def __init__(self, case):
        self.case = case
        self.net = mlp([case["obs_dim"]] + case["net_arch"] + [2 * case["act_dim"]], case["activation_fn"])

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


class MixturePolicy:
    """K Gaussians behind tanh; densities by PyTorch's own mixture."""

    def __init__(self, case):
        self.case = case
        self.num, self.dim = case["actor_components"], case["act_dim"]
        self.net = mlp([case["obs_dim"]] + case["net_arch"] + [self.num * (2 * self.dim + 1)], case["activation_fn"])

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
    critics, targets = [], []
    for _ in range(case["n_critics"]):
        sizes = [n_obs + n_act] + case["net_arch"] + [1]
        critics.append(mlp(sizes, case["activation_fn"]))
        targets.append(mlp(sizes, case["activation_fn"]))
        targets[-1].load_state_dict(critics[-1].state_dict())
    averaged = critics  # what the targets follow
    state_value = case["variant"] == "state_value"
    if state_value:  # arXiv 1801.01290: V(s) with a target of its own, none for the critics
        value_net, value_target = (mlp([n_obs] + case["net_arch"] + [1], case["activation_fn"]) for _ in range(2))
        value_target.load_state_dict(value_net.state_dict())
        averaged, targets = [value_net], [value_target]
    log_alpha = torch.tensor(math.log(case["ent_coef"]) if case["ent_coef_auto"] else 0.0, requires_grad=True)

    adam = dict(betas=(0.9, 0.999), eps=1e-8)
    critic_parameters = [p for net in critics for p in net.parameters()]
    actor_optimizer = torch.optim.Adam(policy.net.parameters(), lr=case["learning_rate_actor"], **adam)
    critic_optimizer = torch.optim.Adam(critic_parameters, lr=case["learning_rate_critic"], **adam)
    if state_value:
        value_optimizer = torch.optim.Adam(value_net.parameters(), lr=case["learning_rate_critic"], **adam)
    alpha_optimizer = torch.optim.Adam([log_alpha], lr=case["learning_rate_ent_coef"], **adam)

    out = {"config": case, "actor": dump_values(policy.net), "critics": [dump_values(c) for c in critics], "updates": []}
    if state_value:
        out["value"] = dump_values(value_net)
    target_entropy = -float(n_act) if case["target_entropy"] is None else case["target_entropy"]

    def alpha():
        return log_alpha.detach().exp() if case["ent_coef_auto"] else torch.tensor(case["ent_coef"])

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
        record = {"batch": {k: v.ravel().tolist() for k, v in batch.items()}}
        t = {k: torch.as_tensor(v) for k, v in batch.items()}
        alpha_now = alpha()
        record["ent_coef"] = alpha_now.item()

        with torch.no_grad():
            if state_value:
                next_value = value_target(t["next_obs"]).squeeze(-1)
            else:
                values = []
                for next_eps in t["next_eps"]:
                    value = 0.0
                    for weight, next_action, next_log_pi in policy.samples(t["next_obs"], next_eps):
                        x = torch.cat([t["next_obs"], next_action], -1)
                        q_next = torch.stack([net(x).squeeze(-1) for net in targets]).min(0).values
                        value = value + weight * (q_next - alpha_now * next_log_pi)
                    values.append(value)
                next_value = torch.stack(values).mean(0)
            y = case["reward_scale"] * t["reward"] + t["discount"] * next_value
        x = torch.cat([t["obs"], t["action"]], -1)
        loss = sum(((net(x).squeeze(-1) - y) ** 2).mean() for net in critics)
        critic_optimizer.zero_grad()
        loss.backward()
        record["critic_loss"] = 0.5 * loss.item()
        record["critic_grads"] = [dump_grads(c) for c in critics]
        if case["max_grad_norm"] > 0:
            torch.nn.utils.clip_grad_norm_(critic_parameters, case["max_grad_norm"])
        critic_optimizer.step()

        if state_value:
            with torch.no_grad():
                v = 0.0
                for weight, action, log_pi in policy.samples(t["obs"], t["eps"]):
                    x = torch.cat([t["obs"], action], -1)
                    q = torch.stack([net(x).squeeze(-1) for net in critics]).min(0).values
                    v = v + weight * (q - alpha_now * log_pi)
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
                q = torch.stack([net(x).squeeze(-1) for net in critics]).min(0).values
                terms = terms + weight * (alpha_now * part_log_pi - q)
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
            if case["ent_coef_auto"]:
                factor = log_alpha if case["ent_coef_loss"] == "log_alpha" else log_alpha.exp()
                alpha_loss = -(factor * (log_pi.detach() + target_entropy)).mean()
                alpha_optimizer.zero_grad()
                alpha_loss.backward()
                record["ent_coef_loss"] = alpha_loss.item()
                alpha_optimizer.step()

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


BASE = dict(
    obs_dim=3, act_dim=2, net_arch=[5, 4], activation_fn="relu", policy="squashed_gaussian", log_std_rule="clamp",
    log_std_min=-20.0, log_std_max=2.0, n_critics=2, learning_rate_actor=3e-3, learning_rate_critic=2e-3, learning_rate_ent_coef=1e-2,
    max_grad_norm=0.0, batch_size=7, tau=0.05, target_update_interval=1, policy_delay=1, ent_coef_auto=True, ent_coef=1.0,
    ent_coef_loss="alpha", target_entropy=None, n_target_actions=1, actor_gradient="reparameterised", actor_baseline="leave_one_out",
    variant="sac", reward_scale=1.0,
)

CASES = {
    "default": {},
    "tanh_rule_silu_three_critics": dict(log_std_rule="tanh", log_std_min=-5.0, activation_fn="silu", n_critics=3, net_arch=[6]),
    "log_alpha_elu_clipped": dict(ent_coef_loss="log_alpha", activation_fn="elu", max_grad_norm=0.3, ent_coef=0.1, target_entropy=-0.5),
    "delayed_tanh_one_critic": dict(activation_fn="tanh", n_critics=1, policy_delay=2, target_update_interval=3, net_arch=[4, 3, 5]),
    "plain_gaussian_fixed_alpha": dict(policy="gaussian", ent_coef_auto=False, ent_coef=0.2),
    "hard": dict(ent_coef_auto=False, ent_coef=0.0, act_dim=1),
    "likelihood_ratio": dict(actor_gradient="likelihood_ratio"),
    "likelihood_ratio_no_baseline": dict(actor_gradient="likelihood_ratio", actor_baseline="none", log_std_rule="tanh", log_std_min=-5.0),
    "three_target_actions": dict(n_target_actions=3),
    "mixture": dict(actor_components=3),
    "mixture_tanh_rule_two_target_actions": dict(actor_components=2, log_std_rule="tanh", log_std_min=-5.0, n_target_actions=2, act_dim=1),
    "mixture_plain_gaussian": dict(actor_components=2, policy="gaussian", ent_coef_auto=False, ent_coef=0.2, activation_fn="tanh"),
    "reward_scale": dict(reward_scale=5.0),
    "state_value": dict(variant="state_value", reward_scale=5.0, ent_coef_auto=False),
    "state_value_learned_alpha_delayed_clipped": dict(
        variant="state_value", policy_delay=2, target_update_interval=3, max_grad_norm=0.3, activation_fn="elu"),
    "state_value_mixture": dict(variant="state_value", actor_components=2),
}

if __name__ == "__main__":
    cases = {name: run({**BASE, **changes}, seed) for seed, (name, changes) in enumerate(CASES.items(), start=1)}
    with open(sys.argv[1], "w") as f:
        json.dump({"torch": torch.__version__, "cases": cases}, f, separators=(",", ":"))
