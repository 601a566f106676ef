#include "export/c_steps.h"

#include <algorithm>
#include <utility>

namespace softac {
namespace {

bool elementwise(const GraphStep& step) {
  return std::holds_alternative<ActivateStep>(step) || std::holds_alternative<ExpStep>(step) ||
         std::holds_alternative<ClampStep>(step) || std::holds_alternative<TanhMapStep>(step) ||
         std::holds_alternative<NormaliseStep>(step) || std::holds_alternative<MultiplyAddStep>(step) ||
         std::holds_alternative<AddStep>(step) || std::holds_alternative<DivideStep>(step) ||
         std::holds_alternative<RescaleStep>(step) || std::holds_alternative<LogSoftmaxStep>(step) ||
         std::holds_alternative<LayerNormStep>(step);
}

// Where values lie: arrays that are used again when nothing needs their contents any more.
class Buffers {
 public:
  Buffers(const PolicyGraph& graph, const std::vector<int>& wanted)
      : graph_(graph), needed_(graph.needed(wanted)), last_use_(needed_.size(), -1), place_(needed_.size()) {
    const int end = static_cast<int>(needed_.size());
    for (const int value : wanted) last_use_[value] = end;
    for (int i = end; i-- > 0;) {
      if (!needed_[i]) continue;
      // What is part of another value keeps that alive.
      const int use = is_view(i) ? last_use_[i] : i;
      for (const int input : graph_[i].inputs) last_use_[input] = std::max(last_use_[input], use);
    }
  }

  bool needed(int value) const { return needed_[value]; }
  const std::string& name(int value) const { return place_[value].name; }

  // Decides where a value goes; its inputs have been placed.
  void place(int value) {
    const GraphValue& item = graph_[value];
    Place& place = place_[value];
    if (std::holds_alternative<ObservationStep>(item.step)) {
      place.name = "observation";
    } else if (std::holds_alternative<NoiseStep>(item.step)) {
      place.name = "noise";
    } else if (const auto* slice = std::get_if<SliceStep>(&item.step)) {
      place = place_[item.inputs[0]];
      if (slice->first > 0) place.name = "(" + place.name + " + " + std::to_string(slice->first) + ")";
      place.owns = false;
    } else if (item.is_index()) {
      place.name = "chosen" + std::to_string(indices_++);
    } else {
      const Place& first = place_[item.inputs[0]];
      const bool in_place = elementwise(item.step) && first.owns && last_use_[item.inputs[0]] == value;
      place.slot = in_place ? first.slot : take(item.size);
      place.name = slot_name(place.slot);
      place.owns = true;
      if (in_place) place_[item.inputs[0]].owns = false;
    }
    for (std::size_t i = 0; i < place_.size(); ++i) {
      if (place_[i].owns && last_use_[i] == value && static_cast<int>(i) != value) {
        free_.push_back(place_[i].slot);
        place_[i].owns = false;
      }
    }
  }

  std::string declarations() const {
    std::string out;
    for (std::size_t i = 0; i < sizes_.size(); ++i)
      out += "  float " + slot_name(static_cast<int>(i)) + "[" + std::to_string(sizes_[i]) + "];\n";
    for (int i = 0; i < indices_; ++i) out += "  int chosen" + std::to_string(i) + ";\n";
    return out;
  }
  int floats() const {
    int sum = 0;
    for (const int size : sizes_) sum += size;
    return sum;
  }

 private:
  struct Place {
    std::string name = {};
    int slot = -1;
    bool owns = false;  // whether the slot is this value's alone
  };
  static std::string slot_name(int slot) { return "v" + std::to_string(slot); }
  bool is_view(int value) const { return std::holds_alternative<SliceStep>(graph_[value].step); }

  // The free slot that fits best, else the largest, made larger; else a new one.
  int take(int size) {
    const auto better = [&](int a, int b) {
      const bool a_fits = sizes_[a] >= size, b_fits = sizes_[b] >= size;
      if (a_fits != b_fits) return a_fits;
      return a_fits ? sizes_[a] < sizes_[b] : sizes_[a] > sizes_[b];
    };
    if (free_.empty()) {
      sizes_.push_back(size);
      return static_cast<int>(sizes_.size()) - 1;
    }
    const auto best = std::min_element(free_.begin(), free_.end(), better);
    const int slot = *best;
    free_.erase(best);
    sizes_[slot] = std::max(sizes_[slot], size);
    return slot;
  }

  const PolicyGraph& graph_;
  std::vector<bool> needed_;
  std::vector<int> last_use_;
  std::vector<Place> place_;
  std::vector<int> sizes_, free_;
  int indices_ = 0;
};

std::string table_name(int value, const std::string& part) {
  return "@_" + part + std::to_string(value);
}

// One step's statements.
struct StepText {
  const PolicyGraph& graph;
  const Buffers& buffers;
  const Int16Weights* int16;
  std::set<CHelper>& helpers;
  int value;

  const GraphValue& item() const { return graph[value]; }
  std::string y() const { return buffers.name(value); }
  std::string x(std::size_t i = 0) const { return buffers.name(item().inputs[i]); }
  int size_of(std::size_t i) const { return graph[item().inputs[i]].size; }
  std::string size() const { return std::to_string(item().size); }
  std::string call(CHelper helper, const char* name) const {
    helpers.insert(helper);
    return std::string("@_") + name;
  }
  static std::string loop(const std::string& index, const std::string& count, const std::string& body) {
    return "  for (int " + index + " = 0; " + index + " < " + count + "; ++" + index + ") " + body + "\n";
  }
  std::string each(const std::string& expression) const { return loop("i", size(), y() + "[i] = " + expression + ";"); }
  std::string xi(std::size_t i = 0) const { return x(i) + "[i]"; }

  std::string operator()(const ObservationStep&) const { return ""; }
  std::string operator()(const NoiseStep&) const { return ""; }
  std::string operator()(const SliceStep&) const { return ""; }
  std::string operator()(const NormaliseStep& step) const {
    std::string out =
        each("(" + xi() + " - " + table_name(value, "shift") + "[i]) * " + table_name(value, "scale") + "[i]");
    if (step.clip > 0.0f) {
      const std::string high = c_float(step.clip), low = c_float(-step.clip), at = y() + "[i]";
      out += each(at + " < " + low + " ? " + low + " : " + at + " > " + high + " ? " + high + " : " + at);
    }
    if (!step.gamma.empty()) {
      out +=
          each("@_fma(" + table_name(value, "weight") + "[i], " + y() + "[i], " + table_name(value, "bias") + "[i])");
    }
    return out;
  }
  std::string operator()(const DenseStep& step) const {
    const std::string in = std::to_string(step.in), out = size(), to = y() + "[o]";
    const std::string weight = table_name(value, "weight"), bias = table_name(value, "bias") + "[o]";
    std::string text = "  /* " + c_comment_text(item().name) + " */\n";
    text += loop("o", out, to + " = " + (int16 ? "0.0f" : bias) + ";");
    text += "  for (int i = 0; i < " + in + "; ++i) {\n    const float x = " + xi() + ";\n";
    text += "    const " + std::string(int16 ? "int16_t" : "float") + " *const w = " + weight + " + i * " + out + ";\n";
    if (step.skip_zeros) text += "    if (x == 0.0f) continue;\n";
    text += "  " + loop("o", out, to + " = @_fma(x, " + (int16 ? "(float)w[o]" : "w[o]") + ", " + to + ");") + "  }\n";
    if (int16)
      text += loop("o", out, to + " = @_fma(" + to + ", " + table_name(value, "factor") + "[o], " + bias + ");");
    return text;
  }
  std::string operator()(const LayerNormStep& step) const {
    if (!step.centred) {
      return "  " + call(CHelper::rms_norm, "rms_norm") + "(" + x() + ", " + size() + ", " +
             table_name(value, "weight") + ", " + c_float(step.eps) + ", " + y() + ");\n";
    }
    return "  " + call(CHelper::layer_norm, "layer_norm") + "(" + x() + ", " + size() + ", " +
           table_name(value, "weight") + ", " + table_name(value, "bias") + ", " + c_float(step.eps) + ", " + y() +
           ");\n";
  }
  std::string operator()(const ActivateStep& step) const {
    switch (step.activation) {
      case Activation::relu:
        return each("0.0f > " + xi() + " ? 0.0f : " + xi());
      case Activation::tanh:
        return each(call(CHelper::tanh, "tanh") + "(" + xi() + ")");
      case Activation::elu:
        return each(call(CHelper::elu, "elu") + "(" + xi() + ")");
      case Activation::silu:
        return each(xi() + " * " + call(CHelper::sigmoid, "sigmoid") + "(" + xi() + ")");
    }
    throw_no_description("an activation");
  }
  std::string operator()(const ExpStep&) const { return each(call(CHelper::exp, "exp") + "(" + xi() + ")"); }
  std::string operator()(const ClampStep& step) const {
    const std::string low = c_float(step.low), high = c_float(step.high), at = y() + "[i]";
    return each(low + " > " + xi() + " ? " + low + " : " + xi()) + each(high + " < " + at + " ? " + high + " : " + at);
  }
  std::string operator()(const TanhMapStep& step) const {
    return each("@_fma(" + c_float(step.half_range) + ", " + call(CHelper::tanh, "tanh") + "(" + xi() + ") + 1.0f, " +
                c_float(step.low) + ")");
  }
  std::string operator()(const MultiplyAddStep&) const {
    return each("@_fma(" + xi(0) + ", " + xi(1) + ", " + xi(2) + ")");
  }
  std::string operator()(const AddStep&) const { return each(xi(0) + " + " + xi(1)); }
  std::string operator()(const DivideStep& step) const { return each(xi() + " / " + c_float(step.by)); }
  std::string operator()(const ShearStep&) const {
    return "  for (int i = 0, n = 0; i < " + size() + "; ++i) {\n    " + y() + "[i] = " + xi() +
           ";\n    for (int j = 0; j < i; ++j) " + y() + "[i] = @_fma(" + x(1) + "[n++], " + x() + "[j], " + y() +
           "[i]);\n  }\n";
  }
  std::string operator()(const LogSoftmaxStep&) const {
    return "  " + call(CHelper::log_softmax, "log_softmax") + "(" + x() + ", " + size() + ", " + y() + ");\n";
  }
  std::string operator()(const ArgMaxStep&) const {
    return "  " + y() + " = " + call(CHelper::argmax, "argmax") + "(" + x() + ", " + std::to_string(size_of(0)) +
           ");\n";
  }
  std::string operator()(const DrawStep&) const {
    return "  " + y() + " = " + call(CHelper::draw, "choose") + "(" + x() + ", " + std::to_string(size_of(0)) + ", " +
           x(1) + "[0]);\n";
  }
  std::string operator()(const PickStep&) const { return each(x() + "[" + x(1) + " * " + size() + " + i]"); }
  std::string operator()(const SmallestStep&) const {
    std::string out = each(xi());
    const std::string at = y() + "[i]";
    for (std::size_t k = 1; k < item().inputs.size(); ++k)
      out += each(at + " <= " + xi(k) + " ? " + at + " : " + xi(k));
    return out;
  }
  std::string operator()(const GroupMeanStep& step) const {
    const std::string group = std::to_string(step.group);
    std::string out = "  for (int i = 0; i < " + size() + "; ++i) {\n    float sum = 0.0f;\n";
    for (std::size_t k = 0; k < item().inputs.size(); ++k)
      out += "  " + loop("j", group, "sum = sum + " + x(k) + "[i * " + group + " + j];");
    const auto count = static_cast<float>(item().inputs.size() * static_cast<std::size_t>(step.group));
    return out + "    " + y() + "[i] = sum / " + c_float(count) + ";\n  }\n";
  }
  std::string operator()(const RescaleStep&) const {
    return each(call(CHelper::rescale, "rescale") + "(" + xi() + ", @_low[i], @_high[i])");
  }
};

std::vector<std::string> texts(const std::vector<float>& values) {
  std::vector<std::string> out;
  for (const float x : values) out.push_back(c_float(x));
  return out;
}

// (out, in) → items of (in, out).
template <class T, class F>
std::vector<std::string> transposed(const DenseStep& step, const std::vector<T>& weight, F text) {
  std::vector<std::string> out;
  for (int i = 0; i < step.in; ++i) {
    for (int o = 0; o < step.out; ++o) out.push_back(text(weight[static_cast<std::size_t>(o) * step.in + i]));
  }
  return out;
}

// A step's tables.
struct StepTables {
  const Int16Weights* int16;
  int value;

  std::string floats(const char* part, const std::vector<float>& values) const {
    return c_table("float", table_name(value, part), texts(values));
  }
  std::string operator()(const NormaliseStep& step) const {
    const std::string affine = step.gamma.empty() ? "" : floats("weight", step.gamma) + floats("bias", step.beta);
    return floats("shift", step.shift) + floats("scale", step.scale) + affine;
  }
  std::string operator()(const LayerNormStep& step) const {
    return floats("weight", step.gamma) + (step.centred ? floats("bias", step.beta) : "");
  }
  std::string operator()(const DenseStep& step) const {
    const std::string name = table_name(value, "weight");
    if (int16 == nullptr)
      return c_table("float", name, transposed(step, step.weight, c_float)) + floats("bias", step.bias);
    const Int16Layer& layer = int16->at(value);
    const auto whole = [](std::int16_t x) { return std::to_string(x); };
    return c_table("int16_t", name, transposed(step, layer.weight, whole)) + floats("factor", layer.scale) +
           floats("bias", step.bias);
  }
  template <class Step>
  std::string operator()(const Step&) const {
    return "";
  }
};

}  // namespace

CBody c_body(const PolicyGraph& graph, const std::vector<int>& wanted, const Int16Weights* int16) {
  Buffers buffers(graph, wanted);
  CBody out;
  std::string statements;
  for (int i = 0; i < static_cast<int>(graph.values().size()); ++i) {
    if (!buffers.needed(i)) continue;
    buffers.place(i);
    statements += std::visit(StepText{graph, buffers, int16, out.helpers, i}, graph[i].step);
  }
  out.text = buffers.declarations() + statements;
  for (const int value : wanted) out.result.push_back(buffers.name(value));
  out.floats = buffers.floats();
  return out;
}

std::string c_tables(const PolicyGraph& graph, const std::vector<bool>& needed, const Int16Weights* int16) {
  std::string out;
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    const std::string tables = std::visit(StepTables{int16, static_cast<int>(i)}, graph.values()[i].step);
    if (!tables.empty()) out += "\n/* " + c_comment_text(graph.values()[i].name) + " */\n" + tables;
  }
  return out;
}

}  // namespace softac
