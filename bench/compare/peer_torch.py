"""The same update written in plain PyTorch as fast as eager mode allows: fused Adam, grouped Polyak steps, the two
critics as one batched product, gradients of the actor only through what it needs. --compile adds torch.compile."""

import math

import torch
from driver import arguments, serve, versions
from torch import nn

args = arguments(compile={"action": "store_true"})
torch.set_num_threads(args.threads)
torch.manual_seed(0)
O, A, H, B = args.obs_dim, args.act_dim, args.hidden, args.batch


class Twin(nn.Module):
    """Two critics over (s, a): every layer one batched product."""

    def __init__(self):
        super().__init__()
        sizes = [O + A, H, H, 1]
        bounds = [1 / math.sqrt(n) for n in sizes]
        self.w = nn.ParameterList(
            nn.Parameter(torch.empty(2, i, o).uniform_(-b, b)) for i, o, b in zip(sizes, sizes[1:], bounds)
        )
        self.b = nn.ParameterList(nn.Parameter(torch.empty(2, 1, o).uniform_(-b, b)) for o, b in zip(sizes[1:], bounds))

    def forward(self, obs, act):
        x = torch.cat([obs, act], 1).expand(2, -1, -1)
        for layer in range(2):
            x = torch.relu(torch.baddbmm(self.b[layer], x, self.w[layer]))
        return torch.baddbmm(self.b[2], x, self.w[2]).squeeze(-1)  # (2, B)


actor = nn.Sequential(nn.Linear(O, H), nn.ReLU(), nn.Linear(H, H), nn.ReLU(), nn.Linear(H, 2 * A))
critic, target = Twin(), Twin()
target.load_state_dict(critic.state_dict())
target.requires_grad_(False)
log_alpha = torch.zeros(1, requires_grad=True)
adams = [torch.optim.Adam(p, lr=3e-4, fused=True) for p in [actor.parameters(), critic.parameters(), [log_alpha]]]
critic_values, target_values = list(critic.parameters()), list(target.parameters())


def sample(obs):
    mu, log_std = actor(obs).chunk(2, 1)
    log_std = log_std.clamp(-20, 2)
    eps = torch.randn_like(mu)
    u = mu + log_std.exp() * eps
    log_pi = (
        -0.5 * eps * eps
        - log_std
        - 0.5 * math.log(2 * math.pi)
        - 2 * (math.log(2) - u - nn.functional.softplus(-2 * u))
    ).sum(1)
    return u.tanh(), log_pi


def critic_loss(obs, act, reward, next_obs, discount, alpha):
    with torch.no_grad():
        next_act, next_log_pi = sample(next_obs)
        y = reward + discount * (target(next_obs, next_act).amin(0) - alpha * next_log_pi)
    return (critic(obs, act) - y).square().mean(1).sum()


def actor_loss(obs, alpha):
    act, log_pi = sample(obs)
    return (alpha * log_pi - critic(obs, act).amin(0)).mean(), log_pi.detach().mean()


if args.compile:
    critic_loss, actor_loss = torch.compile(critic_loss), torch.compile(actor_loss)
batch = [torch.randn(B, O), torch.rand(B, A) * 2 - 1, torch.randn(B), torch.randn(B, O), torch.full((B,), 0.99)]


def update():
    alpha = log_alpha.detach().exp()
    adams[1].zero_grad(set_to_none=True)
    critic_loss(*batch, alpha).backward()
    adams[1].step()
    critic.requires_grad_(False)
    adams[0].zero_grad(set_to_none=True)
    loss, log_pi = actor_loss(batch[0], alpha)
    loss.backward()
    adams[0].step()
    critic.requires_grad_(True)
    log_alpha.grad = -log_alpha.detach().exp() * (log_pi - A)
    adams[2].step()
    with torch.no_grad():
        torch._foreach_lerp_(target_values, critic_values, 0.005)


if args.what == "train":
    raise SystemExit("plain PyTorch is compared on the update alone")
update()
update()
serve(update, 1, versions=versions("torch"))
