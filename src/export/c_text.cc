#include "export/c_text.h"

#include <charconv>
#include <map>

#include "base/elementary.h"

namespace softac {
namespace {

template <class T>
std::string shortest(T x) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, x).ptr;
  std::string out(text, end);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

// p = horner(x, c) as statements, the last power first.
template <std::size_t N>
std::string horner(const char* x, const float (&c)[N]) {
  std::string out = "  float p = " + c_float(c[0]) + ";\n";
  for (std::size_t i = 1; i < N; ++i) out += std::string("  p = @_fma(p, ") + x + ", " + c_float(c[i]) + ");\n";
  return out;
}

struct HelperText {
  std::string text;
  std::vector<CHelper> calls;
};

using C = elementary::Constants<float>;

// base/elementary.h in C.
std::map<CHelper, HelperText> elementary_texts() {
  return {
      {CHelper::bits,
       {"static uint32_t @_bits(float x) {\n"
        "  union { float value; uint32_t bits; } both;\n"
        "  both.value = x;\n"
        "  return both.bits;\n"
        "}\n",
        {}}},
      {CHelper::of_bits,
       {"static float @_of_bits(uint32_t bits) {\n"
        "  union { float value; uint32_t bits; } both;\n"
        "  both.bits = bits;\n"
        "  return both.value;\n"
        "}\n",
        {}}},
      {CHelper::round,
       {"/* To the nearest integer, ties to even, for |x| < 2^22. */\n"
        "static float @_round(float x) {\n"
        "  @_STORED sum = x + 12582912.0f;\n"
        "  return sum - 12582912.0f;\n"
        "}\n",
        {}}},
      {CHelper::pow2,
       {"/* 2^k of an integer k. */\n"
        "static float @_pow2(float k) { return @_of_bits((@_bits(k + 12582912.0f) + 127u) << 23); }\n",
        {CHelper::bits, CHelper::of_bits}}},
      {CHelper::reduced_expm1,
       {"/* e^r - 1 and the integer k with x = k log 2 + r. */\n"
        "static float @_reduced_expm1(float x, float *k) {\n"
        "  const float whole = @_round(x * " +
            c_float(C::kLog2E) +
            ");\n"
            "  const float r = @_fma(whole, " +
            c_float(-C::kLn2Low) + ", @_fma(whole, " + c_float(-C::kLn2High) + ", x));\n" + horner("r", C::kExp) +
            "  *k = whole;\n"
            "  return @_fma(r * r, p, r);\n"
            "}\n",
        {CHelper::round}}},
      {CHelper::expm1,
       {"static float @_expm1(float x) {\n"
        "  float k;\n"
        "  const float p = @_reduced_expm1(-60.0f > x ? -60.0f : x, &k);\n"
        "  const float scale = @_pow2(k);\n"
        "  return @_fma(scale, p, scale - 1.0f);\n"
        "}\n",
        {CHelper::reduced_expm1, CHelper::pow2}}},
      {CHelper::exp,
       {"static float @_exp(float x) {\n"
        "  const float least = " +
            c_float(C::kExpLow) + ", most = " + c_float(C::kExpHigh) +
            ";\n"
            "  const float below = most < x ? most : x;\n"
            "  float k;\n"
            "  const float p = 1.0f + @_reduced_expm1(least > below ? least : below, &k);\n"
            "  const float half = @_round(k * 0.5f);\n"
            "  return p * @_pow2(half) * @_pow2(k - half);\n"
            "}\n",
        {CHelper::reduced_expm1, CHelper::pow2}}},
      {CHelper::log,
       {"/* Of a normal x > 0. */\n"
        "static float @_log(float x) {\n"
        "  const uint32_t bits = @_bits(x) - 0x3f3504f3u;\n"
        "  const float k = (float)((int)((bits + 0x80000000u) >> 23) - 256);\n"
        "  const float f = @_of_bits((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0f;\n"
        "  const float s = f / (2.0f + f);\n"
        "  const float z = s * s;\n"
        "  const float half_square = 0.5f * f * f;\n" +
            horner("z", C::kLog) +
            "  p = z * p;\n"
            "  return @_fma(k, " +
            c_float(C::kLn2High) + ", f - (half_square - @_fma(s, half_square + p, k * " + c_float(C::kLn2Low) +
            ")));\n"
            "}\n",
        {CHelper::bits, CHelper::of_bits}}},
      {CHelper::tanh,
       {"static float @_tanh(float x) {\n"
        "  const float size = @_of_bits(@_bits(x) & 0x7fffffffu);\n"
        "  const float a = " +
            c_float(C::kTanhOne) + " < size ? " + c_float(C::kTanhOne) +
            " : size;\n"
            "  const float z = a * a;\n" +
            horner("z", C::kTanh) +
            "  {\n"
            "    const float inner = @_fma(a * z, p, a);\n"
            "    const float outer = 1.0f - 2.0f / (@_expm1(a + a) + 2.0f);\n"
            "    return @_of_bits((@_bits(a < 0.55f ? inner : outer) & 0x7fffffffu) | (@_bits(x) & 0x80000000u));\n"
            "  }\n"
            "}\n",
        {CHelper::expm1}}},
      {CHelper::elu,
       {"static float @_elu(float x) { return 0.0f < x ? x : @_expm1(0.0f < x ? 0.0f : x); }\n", {CHelper::expm1}}},
      {CHelper::sigmoid,
       {"static float @_sigmoid(float x) { return 1.0f / (1.0f + @_exp(0.0f - x)); }\n", {CHelper::exp}}},
  };
}

std::map<CHelper, HelperText> other_texts() {
  return {
      {CHelper::lane_tree,
       {"/* The sum of 16 numbers as a tree. */\n"
        "static float @_lane_tree(float *lanes) {\n"
        "  for (int half = 8; half > 0; half /= 2) {\n"
        "    for (int i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];\n"
        "  }\n"
        "  return lanes[0];\n"
        "}\n",
        {}}},
      {CHelper::sqrt,
       {"/* Correctly rounded for normal x > 0: no root of a float lies so near the middle of two floats that the "
        "error of\n"
        "   these doubles could move it across. */\n"
        "static float @_sqrt(float x) {\n"
        "  union { double value; uint64_t bits; } root;\n"
        "  root.value = (double)x;\n"
        "  root.bits = (root.bits >> 1) + 0x1ff8000000000000u;\n"
        "  for (int i = 0; i < 4; ++i) root.value = 0.5 * (root.value + (double)x / root.value);\n"
        "  return (float)root.value;\n"
        "}\n",
        {}}},
      {CHelper::layer_norm,
       {"static void @_layer_norm(const float *x, int size, const float *gamma, const float *beta, float eps, float "
        "*y) {\n"
        "  float lanes[16] = {0}, squares[16] = {0};\n"
        "  float mean, inv_std;\n"
        "  for (int i = 0; i < size; ++i) lanes[i % 16] = lanes[i % 16] + x[i];\n"
        "  mean = @_lane_tree(lanes) / (float)size;\n"
        "  for (int i = 0; i < size; ++i) squares[i % 16] = @_fma(x[i] - mean, x[i] - mean, squares[i % 16]);\n"
        "  inv_std = 1.0f / @_sqrt(@_lane_tree(squares) / (float)size + eps);\n"
        "  for (int i = 0; i < size; ++i) y[i] = @_fma(gamma[i], (x[i] - mean) * inv_std, beta[i]);\n"
        "}\n",
        {CHelper::lane_tree, CHelper::sqrt}}},
      {CHelper::rms_norm,
       {"static void @_rms_norm(const float *x, int size, const float *gamma, float eps, float *y) {\n"
        "  float squares[16] = {0};\n"
        "  float inv_rms;\n"
        "  for (int i = 0; i < size; ++i) squares[i % 16] = @_fma(x[i], x[i], squares[i % 16]);\n"
        "  inv_rms = 1.0f / @_sqrt(@_lane_tree(squares) / (float)size + eps);\n"
        "  for (int i = 0; i < size; ++i) y[i] = gamma[i] * (x[i] * inv_rms);\n"
        "}\n",
        {CHelper::lane_tree, CHelper::sqrt}}},
      {CHelper::log_softmax,
       {"static void @_log_softmax(const float *x, int size, float *y) {\n"
        "  float most = x[0], sum = 0.0f;\n"
        "  for (int i = 1; i < size; ++i) most = x[i] > most ? x[i] : most;\n"
        "  for (int i = 0; i < size; ++i) sum = sum + @_exp(x[i] - most);\n"
        "  sum = most + @_log(sum);\n"
        "  for (int i = 0; i < size; ++i) y[i] = x[i] - sum;\n"
        "}\n",
        {CHelper::exp, CHelper::log}}},
      {CHelper::argmax,
       {"static int @_argmax(const float *x, int size) {\n"
        "  int found = 0;\n"
        "  for (int i = 1; i < size; ++i) found = x[i] > x[found] ? i : found;\n"
        "  return found;\n"
        "}\n",
        {}}},
      {CHelper::draw,
       {"static int @_choose(const float *weights, int size, float u) {\n"
        "  double sum = 0.0;\n"
        "  int i = 0;\n"
        "  for (; i + 1 < size; ++i) {\n"
        "    sum += (double)weights[i];\n"
        "    if ((double)u < sum) break;\n"
        "  }\n"
        "  return i;\n"
        "}\n",
        {}}},
      {CHelper::rescale,
       {"/* From [-1, 1] onto [low, high]. */\n"
        "static float @_rescale(float x, double low, double high) {\n"
        "  double value;\n"
        "  if (x >= 1.0f) return (float)high;\n"
        "  if (x <= -1.0f) return (float)low;\n"
        "  value = low + ((double)x + 1.0) / 2.0 * (high - low);\n"
        "  return (float)(value < low ? low : high < value ? high : value);\n"
        "}\n",
        {}}},
  };
}

void add_with_calls(CHelper helper, const std::map<CHelper, HelperText>& texts, std::set<CHelper>& all) {
  for (const CHelper called : texts.at(helper).calls) add_with_calls(called, texts, all);
  all.insert(helper);
}

}  // namespace

std::string c_float(float x) {
  return shortest(x) + "f";
}
std::string c_double(double x) {
  return shortest(x);
}

std::string c_table(const std::string& type, const std::string& name, const std::vector<std::string>& items) {
  constexpr std::size_t kColumns = 120;
  std::string out = "static const " + type + " " + name + "[" + std::to_string(items.size()) + "] = {";
  std::string line = items.size() > 8 ? "\n   " : "";
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string item = " " + items[i] + (i + 1 < items.size() ? "," : "};");
    if (line.size() + item.size() > kColumns) {
      out += line;
      line = "\n   ";
    }
    line += item;
  }
  return out + line + "\n";
}

std::string c_comment_text(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool control = static_cast<unsigned char>(text[i]) < 0x20;
    const bool ends = text[i] == '/' && i > 0 && text[i - 1] == '*';
    const bool begins = text[i] == '*' && i > 0 && text[i - 1] == '/';
    if (control || ends || begins || text[i] == '?' || text[i] == '\\') text[i] = ' ';
  }
  return text;
}

std::string c_helpers(const std::set<CHelper>& used) {
  std::map<CHelper, HelperText> texts = elementary_texts();
  texts.merge(other_texts());
  std::set<CHelper> all;  // ordered as the enumeration: what is called comes before
  for (const CHelper helper : used) add_with_calls(helper, texts, all);
  std::string out;
  for (const CHelper helper : all) out += "\n" + texts.at(helper).text;
  return out;
}

std::string c_named(std::string text, const std::string& name) {
  std::string out;
  for (const char c : text) out += c == '@' ? name : std::string(1, c);
  return out;
}

}  // namespace softac
