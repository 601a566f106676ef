#include "agent/passes.h"

namespace softac {

template <class T>
void BatchForward<T>::run_to_last_stage(Passes<T>& passes) const {
  const Network<T>& one = nets[0];
  const int count = static_cast<int>(nets.size());
  for (int s = 0; s + 1 < one.num_stages(); ++s) {
    if (!one.stage_is_empty(s)) {
      passes.for_networks(count, x.rows, one.cost_per_row() / one.num_stages(), [&](int, int i, int first, int rows) {
        nets[i].forward_stage(passes.kernels(), values(), s, x.rows_from(first, rows), tapes[i], first, {});
      });
    }
    const int tasks = one.joining(s).num_column_tasks();
    passes.backend().for_tasks(
        count * tasks, std::int64_t{4} * x.rows * one.joining(s).out() * count, [&](int task, int) {
          const int i = task / tasks;
          nets[i].forward_columns(passes.kernels(), s, x, running, learns, tapes[i], columns, task % tasks);
        });
  }
  if (learns) running->passes += 1.0;
}

template <class T>
TrainedNetworks<T>::TrainedNetworks(const std::vector<Network<T>>& nets, const Params<T>& params,
                                    RunningStatistics<T>* running, Arena& arena, int rows, int first_column,
                                    int num_columns)
    : nets_(nets), params_(params), running_(running), columns_(arena, running ? running->size : 0) {
  for (const Network<T>& net : nets) {
    tapes_.push_back(net.make_tape(arena, rows));
    net.add_masks(arena, rows, tapes_.back());
    d_.push_back(net.make_gradients(arena, rows));
    transposes_.push_back(net.make_transposes(arena, first_column, num_columns));
    out_.push_back(make_outputs<T>(arena, rows, net.shape().out));
    d_out_.push_back(make_outputs<T>(arena, rows, net.shape().out));
  }
}

template <class T>
void TrainedNetworks<T>::draw_masks(int i, int first, int count) const {
  DropoutPass pass = dropout_;
  pass.network = i;
  pass.first_row = first;
  net(i).draw_masks(tapes_[i], first, count, pass);
}

template <class T>
void TrainedNetworks<T>::forward(const KernelTable<T>& k, int i, Panels<const T> x, int first, Outputs<T> out) const {
  draw_masks(i, first, x.rows);
  net(i).forward(k, evaluation(), x, tapes_[i], first, out);
}

template <class T>
void TrainedNetworks<T>::backward(const KernelTable<T>& k, int i, int first, int count) const {
  net(i).backward(k, evaluation(), tapes_[i], {first, nullptr}, transposes_[i], d_out(i).rows_from(first, count), d_[i],
                  first);
}

template <class T>
void TrainedNetworks<T>::input_gradient(const KernelTable<T>& k, int i, int first, const int* order,
                                        Outputs<const T> d_out, const NetworkGradients<T>& d, Panels<T> d_x) const {
  net(i).backward(k, evaluation(), tapes_[i], {first, order}, transposes_[i], d_out, d, 0);
  net(i).backward_input(k, evaluation(), transposes_[i], d_out, d, 0, d_x);
}

template <class T>
void TrainedNetworks<T>::forward_all(Passes<T>& passes, Panels<const T> x, PassMode mode,
                                     const std::vector<Outputs<T>>& out) {
  mode_ = mode;
  const bool staged = joins() && mode == PassMode::training;
  if (staged) batch(x).run_to_last_stage(passes);
  passes.for_networks(count(), x.rows, cost_per_row(), [&](int, int i, int first, int rows) {
    const auto rows_of_x = x.rows_from(first, rows);
    const auto rows_of_out = out[i].rows_from(first, rows);
    if (staged) {
      net(i).forward_stage(passes.kernels(), values(), net(i).num_stages() - 1, rows_of_x, tapes_[i], first,
                           rows_of_out);
    } else {
      draw_masks(i, first, rows);
      net(i).forward(passes.kernels(), values(), rows_of_x, tapes_[i], first, rows_of_out);
    }
  });
}

// In evaluation mode nothing goes back through the columns' statistics, and r and d are 1 and 0.
template <class T>
void TrainedNetworks<T>::lower_stages(Passes<T>& passes, int rows) {
  Columns<T> columns = columns_;
  if (mode_ == PassMode::evaluation && joins()) {
    columns.scale = running_->evaluation.scale;
    columns.shift = running_->evaluation.shift;
  }
  for (int s = joins() ? net(0).num_stages() - 2 : -1; s >= 0; --s) {
    const int tasks = net(0).joining(s).num_column_tasks();
    passes.backend().for_tasks(count() * tasks, std::int64_t{2} * rows * net(0).joining(s).out() * count(),
                               [&](int task, int) {
                                 const int i = task / tasks;
                                 net(i).backward_columns(passes.kernels(), s, params_.value, tapes_[i], d_[i], rows,
                                                         columns, params_.grad, task % tasks);
                               });
    if (net(0).stage_is_empty(s)) continue;
    passes.for_networks(count(), rows, cost_per_row() / net(0).num_stages(), [&](int, int i, int first, int part) {
      net(i).backward_stage(passes.kernels(), values(), s, tapes_[i], first, part, transposes_[i], {}, d_[i]);
    });
  }
}

template <class T>
void TrainedNetworks<T>::weight_gradients(Passes<T>& passes, Panels<const T> x, int loss_rows) const {
  if (nets_.empty()) return;
  const int tasks = nets_[0].num_weight_tasks();
  const auto learned = x.rows_from(0, learned_rows(x, loss_rows));
  passes.backend().for_tasks(tasks * count(), cost_per_row() * learned.rows * count(), [&](int task, int) {
    const int i = task / tasks;
    net(i).weight_task(passes.kernels(), {learned, tapes_[i], d_[i], d_out(i).rows_from(0, loss_rows), params_.grad},
                       task % tasks);
  });
  for (const Network<T>& net : nets_) net.clear_fixed(params_.grad);
}

template <class T>
void TrainedNetworks<T>::refresh(Passes<T>& passes) {
  if (fresh_) return;
  passes.backend().for_tasks(count(), count() * cost_per_row() * 8,
                             [&](int i, int) { net(i).transpose(passes.kernels(), params_.value, transposes_[i]); });
  fresh_ = true;
}

template struct BatchForward<float>;
template struct BatchForward<double>;
template class TrainedNetworks<float>;
template class TrainedNetworks<double>;

}  // namespace softac
