"""Settings of the golden updates (make_golden.py): what each case changes."""

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

EXTRA = dict(
    critic_loss="mse", n_quantiles=25, top_quantiles_to_drop_per_net=2, norm_layer_actor="none", norm_layer_critic="none",
    norm_eps=1e-5, weight_decay=0.0, weight_decay_scope="all", learning_rate_schedule="constant", learning_rate_end=5e-4,
    learning_rate_steps=6, normalize_obs=False, obs_norm_eps=1e-8, obs_norm_clip=0.0, net_arch=[4, 3], batch_size=6,
)
LAYER = dict(norm_layer_actor="layer", norm_layer_critic="layer")

EXTRA_CASES = {
    "tqc": dict(critic_loss="quantile", n_quantiles=5, top_quantiles_to_drop_per_net=2, reward_scale=3.0),
    "tqc_three_critics_mixture": dict(
        critic_loss="quantile", n_quantiles=4, top_quantiles_to_drop_per_net=1, n_critics=3, actor_components=2, n_target_actions=2,
        act_dim=1, net_arch=[5]),
    "layer_norm": dict(LAYER),
    "layer_norm_silu_tqc": dict(
        norm_layer_critic="layer", norm_eps=1e-3, net_arch=[5], activation_fn="silu", critic_loss="quantile", n_quantiles=3,
        top_quantiles_to_drop_per_net=0),
    "adamw_all": dict(weight_decay=0.1),
    "adamw_weights": dict(
        norm_layer_actor="layer", weight_decay=0.3, weight_decay_scope="weights", learning_rate_schedule="linear",
        learning_rate_steps=4, policy_delay=2),
    "heads_and_norms": dict(LAYER, net_arch=[5], weight_decay=0.3, weight_decay_scope="heads_and_norms", activation_fn="tanh"),
    "normalize_obs": dict(normalize_obs=True, obs_norm_clip=1.5),
    "everything_together": dict(
        LAYER, critic_loss="quantile", n_quantiles=4, top_quantiles_to_drop_per_net=1, activation_fn="elu", weight_decay=0.1,
        learning_rate_schedule="linear", normalize_obs=True, max_grad_norm=0.3),
    "full_covariance": dict(actor_covariance="full", act_dim=3),
    "linear": dict(net_arch=[]),
    "linear_state_value": dict(net_arch=[], variant="state_value"),
    "scaled_rewards": dict(normalize_reward="return_std", gamma=0.9, reward_scale=2.0),
    "scaled_rewards_actor_first": dict(
        normalize_reward="return_std_bounded", gamma=0.9, norm_reward_max=2.0, update_order="actor_first", policy_delay=2),
    "actor_first_tqc_cosine": dict(
        update_order="actor_first", critic_loss="quantile", n_quantiles=4, top_quantiles_to_drop_per_net=1,
        learning_rate_schedule="cosine"),
    "unit_rows": dict(weight_norm="rows", target_update_interval=2),
    "unit_rows_and_norms": dict(LAYER, weight_norm="rows_and_norms", weight_decay=0.1, update_order="actor_first"),
}

CATEGORICAL = dict(critic_loss="categorical", n_atoms=11, v_min=-4.0, v_max=5.0)

ENSEMBLE_CASES = {
    "categorical": dict(CATEGORICAL, reward_scale=2.0),
    "categorical_three_critics_mixture": dict(
        CATEGORICAL, n_atoms=19, n_critics=3, actor_components=2, n_target_actions=2, act_dim=1, net_arch=[5]),
    "categorical_own_mean": dict(CATEGORICAL, target_reduce="own", actor_reduce="mean", ent_coef=0.1),
    "redq": dict(n_critics=4, n_target_critics=2, actor_reduce="mean"),
    "mean_of_three": dict(n_critics=3, target_reduce="mean", actor_reduce="mean"),
    "own_targets": dict(target_reduce="own", n_target_actions=2),
    "quantile_mean": dict(
        critic_loss="quantile", n_quantiles=4, top_quantiles_to_drop_per_net=0, target_reduce="mean", n_critics=3),
    "no_backup_entropy": dict(backup_entropy=False),
}

# PyTorch's running variance is that of the unbiased ones.
BATCH = dict(
    critic_loss="mse", norm_layer_actor="batch", norm_layer_critic="batch", norm_eps=1e-3, norm_place="before_activation",
    norm_input=True, batch_norm_momentum=0.9, batch_norm_unbiased=True, joint_batch="both", target_network="polyak",
    weight_decay=0.0, net_arch=[4, 3], batch_size=6,
)
BATCH_CASES = {
    "batch_norm_joint": dict(activation_fn="elu"),
    "batch_norm_crossq": dict(
        joint_batch="online", target_network="none", norm_place="after_activation", policy_delay=2),
}
