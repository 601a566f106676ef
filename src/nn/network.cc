#include "nn/network.h"

#include <algorithm>
#include <optional>

#include "nn/dense.h"
#include "nn/dropout.h"
#include "nn/init.h"
#include "nn/layer_norm.h"
#include "softac/error.h"

namespace softac {

template <class T>
Network<T>::Network(const std::string& name, const NetworkShape& shape, ParamLayout& layout) : shape_(shape) {
  SOFTAC_REQUIRE(shape_.in > 0 && shape_.out > 0, shape_.in, shape_.out);
  int in = shape_.in;
  for (std::size_t l = 0; l < shape_.hidden.size(); ++l) {
    const std::string layer = name + ".layers." + std::to_string(l);
    const int width = shape_.hidden[l];
    const bool norm = shape_.norm == NormLayer::layer, drops = shape_.dropout > 0.0;
    const auto activation = norm ? std::nullopt : std::optional(shape_.activation);
    blocks_.push_back(std::make_shared<Dense<T>>(layout.add({layer, in, width, SlotKind::matrix}),
                                                 drops ? std::nullopt : activation, shape_.init.hidden));
    if (drops) blocks_.push_back(std::make_shared<Dropout<T>>(layer + ".dropout", width, shape_.dropout, activation));
    if (norm) {
      blocks_.push_back(std::make_shared<LayerNorm<T>>(layout.add({layer + ".norm", 1, width, SlotKind::norm}),
                                                       shape_.norm_eps, shape_.activation));
    }
    in = width;
  }
  output_ = layout.add({name + ".output", in, shape_.out, shape_.out == 1 ? SlotKind::column : SlotKind::matrix, true});
  if (!one_column()) output_block_ = std::make_shared<Dense<T>>(output_, std::nullopt);
  for (const auto& block : blocks_) num_weight_tasks_ += block->num_weight_tasks();
  num_weight_tasks_ += one_column() ? 1 : output_block_->num_weight_tasks();
}

template <class T>
NetworkTape<T> Network<T>::make_tape(Arena& arena, int rows) const {
  NetworkTape<T> tape;
  for (const auto& block : blocks_) tape.blocks.push_back(block->make_tape(arena, rows));
  return tape;
}

template <class T>
void Network<T>::add_masks(Arena& arena, int rows, NetworkTape<T>& tape) const {
  for (std::size_t b = 0; b < blocks_.size(); ++b) tape.blocks[b].mask = blocks_[b]->make_mask(arena, rows);
}

template <class T>
void Network<T>::draw_masks(const NetworkTape<T>& tape, int at, int count, const DropoutPass& pass) const {
  if (shape_.dropout == 0.0) return;
  for (std::size_t b = 0; b < blocks_.size(); ++b)
    blocks_[b]->draw_mask(tape.blocks[b], at, count, pass, static_cast<int>(b));
}

template <class T>
NetworkGradients<T> Network<T>::make_gradients(Arena& arena, int rows) const {
  NetworkGradients<T> d;
  for (const auto& block : blocks_) d.blocks.push_back(arena.panels<T>(rows, block->out()));
  return d;
}

template <class T>
Transposes<T> Network<T>::make_transposes(Arena& arena, int first_column, int num_columns) const {
  Transposes<T> wt;
  for (std::size_t b = 0; b < blocks_.size(); ++b)
    wt.blocks.push_back(blocks_[b]->make_transpose(arena, b == 0 ? num_columns : blocks_[b]->in()));
  if (!one_column()) wt.output = output_block_->make_transpose(arena, linear() ? num_columns : output_.in);
  wt.first_column = first_column;
  return wt;
}

template <class T>
int Network<T>::widest() const {
  return linear() ? shape_.out : *std::max_element(shape_.hidden.begin(), shape_.hidden.end());
}

template <class T>
void Network<T>::init(T* params, Rng& rng) const {
  for (const auto& block : blocks_) block->init(params, rng);
  int first = 0;
  for (const int count : shape_.init.output_parts) {
    init_weights(shape_.init.output, output_, first, count, params, rng);
    first += count;
  }
  if (first < output_.out) init_weights(shape_.init.output, output_, first, output_.out - first, params, rng);
}

template <class T>
void Network<T>::transpose(const KernelTable<T>& k, const T* params, const Transposes<T>& wt) const {
  for (std::size_t b = 0; b < blocks_.size(); ++b)
    blocks_[b]->transpose(k, params, b == 0 ? wt.first_column : 0, wt.blocks[b]);
  if (!one_column()) output_block_->transpose(k, params, linear() ? wt.first_column : 0, wt.output);
}

template <class T>
void Network<T>::forward(const KernelTable<T>& k, const T* params, Panels<const T> x, const NetworkTape<T>& tape,
                         int at, Outputs<T> out) const {
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    blocks_[b]->forward(k, params, x, skips(b), tape.blocks[b], at);
    x = tape.blocks[b].y.rows_from(at, x.rows);
  }
  if (one_column()) {
    k.head_forward({x.data, x.panel_stride, num_panels(output_.in), params + output_.offset, out.column()}, 0, x.rows);
    return;
  }
  BlockTape<T> last;
  last.y = out.panels();
  output_block_->forward(k, params, x, skips(blocks_.size()), last, 0);
}

template <class T>
void Network<T>::backward(const KernelTable<T>& k, const T* params, const NetworkTape<T>& tape, TapeRows rows,
                          const Transposes<T>& wt, Outputs<const T> d_out, const NetworkGradients<T>& d,
                          int d_at) const {
  if (linear()) return;
  const int count = d_out.rows;
  const auto gate_of = [&](std::size_t b) { return blocks_[b]->gate(tape.blocks[b]); };
  const auto rows_of = [&](std::size_t b) { return d.blocks[b].rows_from(d_at, count); };
  const std::size_t top = blocks_.size() - 1;
  if (one_column()) {
    // q = h · w + b:  d_h = d_q w · act'
    const Gate<T> gate = gate_of(top).rows_from(rows.first, count);
    k.head_backward_input(
        {d_out.column(), params + output_.offset, num_panels(output_.in), gate.saved.data, gate.saved.panel_stride,
         rows.order, gate.activation, rows_of(top).data, rows_of(top).panel_stride},
        0, count);
  } else {
    output_block_->backward(k, params, wt.output, {}, rows, d_out.panels(), gate_of(top), rows_of(top));
  }
  for (std::size_t b = top; b > 0; --b)
    blocks_[b]->backward(k, params, wt.blocks[b], tape.blocks[b], rows, rows_of(b), gate_of(b - 1), rows_of(b - 1));
}

template <class T>
void Network<T>::backward_input(const KernelTable<T>& k, const T* params, const Transposes<T>& wt,
                                Outputs<const T> d_out, const NetworkGradients<T>& d, int d_at, Panels<T> d_x) const {
  if (linear() && one_column()) {
    const T* weight = params + output_.offset + wt.first_column;
    for (int r = 0; r < d_x.rows; ++r) {
      for (int c = 0; c < d_x.cols; ++c) d_x.at(r, c) = d_out.at(r, 0) * weight[c];
    }
    return;
  }
  if (linear()) return output_block_->backward(k, params, wt.output, {}, {}, d_out.panels(), {}, d_x);
  blocks_.front()->backward(k, params, wt.blocks.front(), {}, {}, d.blocks.front().rows_from(d_at, d_x.rows), {}, d_x);
}

template <class T>
void Network<T>::weight_task(const KernelTable<T>& k, const WeightPass& pass, int task) const {
  Panels<const T> x = pass.x;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const int tasks = blocks_[b]->num_weight_tasks();
    if (task < tasks)
      return blocks_[b]->weight_task(k, x, pass.tape.blocks[b], pass.d.blocks[b].rows_from(0, pass.x.rows),
                                     pass.d_params, task);
    task -= tasks;
    x = pass.tape.blocks[b].y.rows_from(0, pass.x.rows);
  }
  if (one_column()) {
    const int panels = num_panels(output_.in);
    k.head_backward_weights(
        {x.data, x.panel_stride, pass.d_out.column(), pass.x.rows, panels, pass.d_params + output_.offset}, 0,
        panels + 1);
    // Behind the columns that a linear network reads of x there may be others.
    for (int c = output_.in; linear() && c < panels * kLanes; ++c) pass.d_params[output_.offset + c] = T(0);
    return;
  }
  output_block_->weight_task(k, x, {}, pass.d_out.panels().rows_from(0, pass.x.rows), pass.d_params, task);
}

template <class T>
std::int64_t Network<T>::cost_per_row() const {
  std::int64_t cost = std::int64_t{output_.in} * output_.out;
  for (const auto& block : blocks_) cost += block->cost_per_row();
  return cost;
}

template <class T>
std::vector<int> Network<T>::describe(PolicyGraph& graph, const T* params, int x,
                                      const std::vector<OutputPart>& parts) const {
  if (one_column()) throw_no_description("an output layer of one column (" + output_.name + ")");
  for (std::size_t b = 0; b < blocks_.size(); ++b) x = blocks_[b]->describe(graph, params, x, skips(b));
  const std::string prefix = output_.name.substr(0, output_.name.rfind('.') + 1);
  std::vector<int> values;
  int first = 0;
  for (const OutputPart& part : parts) {
    values.push_back(
        describe_product(graph, output_, params, first, part.outputs, x, skips(blocks_.size()), prefix + part.name));
    first += part.outputs;
  }
  return values;
}

template class Network<float>;
template class Network<double>;

}  // namespace softac
