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
  if (shape_.norm_input) {
    // A batch norm behind the first product takes away whatever a shift here adds to it.
    const bool shifted = shape_.hidden.empty() || shape_.norm_place == NormPlace::after_activation;
    add_norm(name + ".input_norm", in, shifted, std::nullopt, layout);
    input_norm_ = std::static_pointer_cast<const BatchNorm<T>>(blocks_.back());
  }
  for (std::size_t l = 0; l < shape_.hidden.size(); ++l) {
    add_hidden(name + ".layers." + std::to_string(l), in, shape_.hidden[l], layout);
    in = shape_.hidden[l];
  }
  output_ = layout.add({name + ".output", in, shape_.out, shape_.out == 1 ? SlotKind::column : SlotKind::matrix, true});
  if (!one_column()) output_block_ = std::make_shared<Dense<T>>(output_, std::nullopt);
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    num_weight_tasks_ += blocks_[b]->num_weight_tasks();
    if (blocks_[b]->joining()) joins_.push_back(b);
    if (!blocks_[b]->slot().has_bias) fixed_.push_back(blocks_[b]->slot());
  }
  num_weight_tasks_ += one_column() ? 1 : output_block_->num_weight_tasks();
}

// Dense → activation, with a norm before or after the activation. A batch norm takes away what a bias right before it
// adds.
template <class T>
void Network<T>::add_hidden(const std::string& layer, int in, int width, ParamLayout& layout) {
  const bool norm = shape_.norm != NormLayer::none;
  const bool before = norm && shape_.norm_place == NormPlace::before_activation;
  Slot slot{layer, in, width, SlotKind::matrix};
  slot.has_bias = !(before && joins_rows(shape_.norm));
  const std::optional<Activation> activation = before ? std::nullopt : std::optional(shape_.activation);
  const bool drops = shape_.dropout > 0.0;
  blocks_.push_back(
      std::make_shared<Dense<T>>(layout.add(slot), drops ? std::nullopt : activation, shape_.init.hidden));
  if (drops) blocks_.push_back(std::make_shared<Dropout<T>>(layer + ".dropout", width, shape_.dropout, activation));
  if (norm) add_norm(layer + ".norm", width, true, before ? std::optional(shape_.activation) : std::nullopt, layout);
}

template <class T>
void Network<T>::add_norm(const std::string& name, int width, bool shifted, std::optional<Activation> activation,
                          ParamLayout& layout) {
  Slot slot{name, 1, width, SlotKind::norm};
  slot.has_bias = shifted && shape_.norm != NormLayer::rms;
  slot = layout.add(slot);
  if (joins_rows(shape_.norm)) {
    blocks_.push_back(
        std::make_shared<BatchNorm<T>>(slot, layout.add_statistics(name, width), shape_.norm_rule, activation));
  } else {
    blocks_.push_back(
        std::make_shared<LayerNorm<T>>(slot, shape_.norm_rule.eps, activation, shape_.norm == NormLayer::layer));
  }
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
  if (input_norm_ && blocks_.size() > 1) wt.blocks[0] = blocks_[1]->make_transpose(arena, num_columns);
  if (!one_column()) wt.output = output_block_->make_transpose(arena, linear() ? num_columns : output_.in);
  wt.first_column = first_column;
  return wt;
}

template <class T>
int Network<T>::widest() const {
  const int input = input_norm_ ? shape_.in : 0;
  return shape_.hidden.empty() ? std::max(input, shape_.out)
                               : std::max(input, *std::max_element(shape_.hidden.begin(), shape_.hidden.end()));
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
  if (input_norm_ && blocks_.size() > 1) blocks_[1]->transpose(k, params, wt.first_column, wt.blocks[0]);
  if (!one_column()) output_block_->transpose(k, params, linear() ? wt.first_column : 0, wt.output);
}

template <class T>
void Network<T>::forward(const KernelTable<T>& k, NetworkValues<T> values, Panels<const T> x,
                         const NetworkTape<T>& tape, int at, Outputs<T> out) const {
  forward_blocks(k, values, 0, blocks_.size(), x, tape, at);
  if (!linear()) x = tape.blocks.back().y.rows_from(at, x.rows);
  forward_output(k, values.params, x, out);
}

template <class T>
void Network<T>::forward_stage(const KernelTable<T>& k, NetworkValues<T> values, int stage, Panels<const T> x,
                               const NetworkTape<T>& tape, int at, Outputs<T> out) const {
  const std::size_t begin = stage_begin(stage), end = stage_end(stage);
  if (begin > 0) x = tape.blocks[begin - 1].y.rows_from(at, x.rows);
  forward_blocks(k, values, begin, end, x, tape, at);
  if (end < blocks_.size() || stage + 1 < num_stages() || out.rows == 0) return;
  forward_output(k, values.params, linear() ? x.rows_from(0, out.rows) : tape.blocks.back().y.rows_from(at, out.rows),
                 out);
}

template <class T>
void Network<T>::forward_blocks(const KernelTable<T>& k, NetworkValues<T> values, std::size_t begin, std::size_t end,
                                Panels<const T> x, const NetworkTape<T>& tape, int at) const {
  for (std::size_t b = begin; b < end; ++b) {
    blocks_[b]->forward(k, values, x, skips(b), tape.blocks[b], at);
    x = tape.blocks[b].y.rows_from(at, x.rows);
  }
}

template <class T>
void Network<T>::forward_output(const KernelTable<T>& k, const T* params, Panels<const T> x, Outputs<T> out) const {
  if (one_column()) {
    k.head_forward({x.data, x.panel_stride, num_panels(output_.in), params + output_.offset, out.column()}, 0, x.rows);
    return;
  }
  BlockTape<T> last;
  last.y = out.panels();
  output_block_->forward(k, params, x, skips(blocks_.size()), last, 0);
}

template <class T>
void Network<T>::backward(const KernelTable<T>& k, NetworkValues<T> values, const NetworkTape<T>& tape, TapeRows rows,
                          const Transposes<T>& wt, Outputs<const T> d_out, const NetworkGradients<T>& d,
                          int d_at) const {
  if (linear()) return;
  backward_output(k, values, tape, rows, wt, d_out, d, d_at);
  backward_blocks(k, values, std::min(first(), blocks_.size() - 1), blocks_.size() - 1, tape, rows, d_out.rows, wt, d,
                  d_at);
}

template <class T>
void Network<T>::backward_stage(const KernelTable<T>& k, NetworkValues<T> values, int stage, const NetworkTape<T>& tape,
                                int at, int count, const Transposes<T>& wt, Outputs<const T> d_out,
                                const NetworkGradients<T>& d) const {
  if (linear()) return;
  std::size_t top = blocks_.size() - 1;
  const std::size_t bottom = stage == 0 ? 0 : joins_[stage - 1];
  int part = count;  // rows that the gradient has reached
  if (stage + 1 == num_stages()) {
    part = d_out.rows;
    if (part > 0) backward_output(k, values, tape, {at, nullptr}, wt, d_out, d, at);
  } else {
    top = joins_[stage];
  }
  if (part > 0) backward_blocks(k, values, bottom, top, tape, {at, nullptr}, part, wt, d, at);
  for (std::size_t b = bottom; part < count && b <= top; ++b) {
    for (int p = 0; p < num_panels(d.blocks[b].cols); ++p)
      std::fill_n(d.blocks[b].rows_from(at + part, count - part).panel(p), (count - part) * kLanes, T(0));
  }
}

// d of the last block, behind its activation.
template <class T>
void Network<T>::backward_output(const KernelTable<T>& k, NetworkValues<T> values, const NetworkTape<T>& tape,
                                 TapeRows rows, const Transposes<T>& wt, Outputs<const T> d_out,
                                 const NetworkGradients<T>& d, int d_at) const {
  const int count = d_out.rows;
  const Gate<T> gate = blocks_.back()->gate(tape.blocks.back());
  const Panels<T> d_top = d.blocks.back().rows_from(d_at, count);
  if (!one_column()) return output_block_->backward(k, values, wt.output, {}, rows, d_out.panels(), gate, d_top);
  // q = h · w + b:  d_h = d_q w · act'
  if (!gate.saved.data) {
    for (int p = 0; p < num_panels(output_.in); ++p) {
      const T* w = values.params + output_.offset + std::ptrdiff_t{p} * kLanes;
      T* to = d_top.panel(p);
      for (int r = 0; r < count; ++r) {
        for (int l = 0; l < kLanes; ++l) to[r * kLanes + l] = d_out.at(r, 0) * w[l];
      }
    }
    return;
  }
  const Gate<T> at_rows = gate.rows_from(rows.first, count);
  k.head_backward_input({d_out.column(), values.params + output_.offset, num_panels(output_.in), at_rows.saved.data,
                         at_rows.saved.panel_stride, rows.order, at_rows.activation, d_top.data, d_top.panel_stride},
                        0, count);
}

// From d of block `top` to that of block `bottom`.
template <class T>
void Network<T>::backward_blocks(const KernelTable<T>& k, NetworkValues<T> values, std::size_t bottom, std::size_t top,
                                 const NetworkTape<T>& tape, TapeRows rows, int count, const Transposes<T>& wt,
                                 const NetworkGradients<T>& d, int d_at) const {
  for (std::size_t b = top; b > bottom; --b)
    blocks_[b]->backward(k, values, wt.blocks[b], tape.blocks[b], rows, d.blocks[b].rows_from(d_at, count),
                         blocks_[b - 1]->gate(tape.blocks[b - 1]), d.blocks[b - 1].rows_from(d_at, count));
}

template <class T>
void Network<T>::backward_input(const KernelTable<T>& k, NetworkValues<T> values, const Transposes<T>& wt,
                                Outputs<const T> d_out, const NetworkGradients<T>& d, int d_at, Panels<T> d_x) const {
  if (linear() && one_column()) {
    const T* weight = values.params + output_.offset + wt.first_column;
    for (int r = 0; r < d_x.rows; ++r) {
      for (int c = 0; c < d_x.cols; ++c) d_x.at(r, c) = d_out.at(r, 0) * weight[c];
    }
    return;
  }
  if (linear()) return output_block_->backward(k, values, wt.output, {}, {}, d_out.panels(), {}, d_x);
  if (first() == blocks_.size()) {
    for (int r = 0; r < d_x.rows; ++r) {
      for (int c = 0; c < d_x.cols; ++c) d_x.at(r, c) = d.blocks[0].at(d_at + r, wt.first_column + c);
    }
  } else {
    blocks_[first()]->backward(k, values, wt.blocks[0], {}, {}, d.blocks[first()].rows_from(d_at, d_x.rows), {}, d_x);
  }
  for (int c = 0; input_norm_ && c < d_x.cols; ++c) {
    const T slope = input_norm_->slope(values, wt.first_column + c);
    for (int r = 0; r < d_x.rows; ++r) d_x.at(r, c) *= slope;
  }
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
        {x.data, x.panel_stride, pass.d_out.column(), pass.d_out.rows, panels, pass.d_params + output_.offset}, 0,
        panels + 1);
    // Behind the columns that a linear network reads of x there may be others.
    for (int c = output_.in; linear() && c < panels * kLanes; ++c) pass.d_params[output_.offset + c] = T(0);
    return;
  }
  output_block_->weight_task(k, x, {}, pass.d_out.panels(), pass.d_params, task);
}

template <class T>
void Network<T>::clear_fixed(T* d_params) const {
  for (const Slot& slot : fixed_) {
    for (int o = 0; o < slot.out; ++o) d_params[slot.offset + slot.bias_index(o)] = T(0);
  }
}

template <class T>
std::int64_t Network<T>::cost_per_row() const {
  std::int64_t cost = std::int64_t{output_.in} * output_.out;
  for (const auto& block : blocks_) cost += block->cost_per_row();
  return cost;
}

template <class T>
std::vector<int> Network<T>::describe(PolicyGraph& graph, NetworkValues<T> values, int x,
                                      const std::vector<OutputPart>& parts) const {
  if (one_column()) throw_no_description("an output layer of one column (" + output_.name + ")");
  for (std::size_t b = 0; b < blocks_.size(); ++b) x = blocks_[b]->describe(graph, values, x, skips(b));
  const std::string prefix = output_.name.substr(0, output_.name.rfind('.') + 1);
  std::vector<int> out;
  int first = 0;
  for (const OutputPart& part : parts) {
    out.push_back(describe_product(graph, output_, values.params, first, part.outputs, x, skips(blocks_.size()),
                                   prefix + part.name));
    first += part.outputs;
  }
  return out;
}

template class Network<float>;
template class Network<double>;

}  // namespace softac
