#include "agent/passes.h"

namespace softac {

template <class T>
TrainedNetworks<T>::TrainedNetworks(const std::vector<Network<T>>& nets, const Params<T>& params, Arena& arena,
                                    int rows, int first_column, int num_columns)
    : nets_(nets), params_(params) {
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
void TrainedNetworks<T>::forward(const KernelTable<T>& k, int i, Panels<const T> x, int first, Outputs<T> out) const {
  DropoutPass pass = dropout_;
  pass.network = i;
  pass.first_row = first;
  net(i).draw_masks(tapes_[i], first, x.rows, pass);
  net(i).forward(k, params_.value, x, tapes_[i], first, out);
}

template <class T>
void TrainedNetworks<T>::backward(const KernelTable<T>& k, int i, int first, int count) const {
  net(i).backward(k, params_.value, tapes_[i], {first, nullptr}, transposes_[i], d_out(i).rows_from(first, count),
                  d_[i], first);
}

template <class T>
void TrainedNetworks<T>::input_gradient(const KernelTable<T>& k, int i, int first, const int* order,
                                        Outputs<const T> d_out, const NetworkGradients<T>& d, Panels<T> d_x) const {
  net(i).backward(k, params_.value, tapes_[i], {first, order}, transposes_[i], d_out, d, 0);
  net(i).backward_input(k, params_.value, transposes_[i], d_out, d, 0, d_x);
}

template <class T>
void TrainedNetworks<T>::weight_gradients(Passes<T>& passes, Panels<const T> x) const {
  if (nets_.empty()) return;
  const int tasks = nets_[0].num_weight_tasks();
  passes.backend().for_tasks(tasks * count(), cost_per_row() * x.rows * count(), [&](int task, int) {
    const int i = task / tasks;
    net(i).weight_task(passes.kernels(), {x, tapes_[i], d_[i], d_out(i), params_.grad}, task % tasks);
  });
}

template <class T>
void TrainedNetworks<T>::refresh(Passes<T>& passes) {
  if (fresh_) return;
  passes.backend().for_tasks(count(), count() * cost_per_row() * 8,
                             [&](int i, int) { net(i).transpose(passes.kernels(), params_.value, transposes_[i]); });
  fresh_ = true;
}

template class TrainedNetworks<float>;
template class TrainedNetworks<double>;

}  // namespace softac
