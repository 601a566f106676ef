#include "export/c_code.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <set>

#include "base/text.h"
#include "export/c_steps.h"
#include "export/c_text.h"

namespace softac {
namespace {

std::string upper(const std::string& text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// "  [3] knee, N m, -1 to 1"
std::string entry_text(const char* indent, std::size_t i, const std::vector<std::string>& names,
                       const std::vector<std::string>& units) {
  std::string out = std::string("\n") + indent + "[" + std::to_string(i) + "]";
  if (i < names.size()) out += " " + c_comment_text(names[i]);
  if (i < units.size() && !units[i].empty() && units[i] != "1") out += ", " + c_comment_text(units[i]);
  return out;
}

std::string title(const PolicyExport& policy) {
  const ExportSource& source = policy.source;
  std::string out = c_comment_text(source.environment) + ": policy (" + policy.kind + ") after " +
                    std::to_string(source.step) + " steps, written by softac " + source.version;
  if (!source.state_hash.empty()) out += " (state " + source.state_hash + ")";
  return out + ".";
}

class CWriter {
 public:
  CWriter(const PolicyExport& policy, const std::string& name, const std::string& header_name,
          const Int16Weights* int16, const std::vector<double>& error, int error_states)
      : policy_(policy), name_(name), header_name_(header_name), int16_(int16), error_(error), states_(error_states) {}

  CFiles write() {
    std::string functions = function("act", policy_.deterministic, false);
    if (policy_.stochastic) functions += function("draw", policy_.action, true);
    std::vector<int> wanted = {policy_.deterministic, policy_.action};
    if (policy_.discrete()) wanted.push_back(policy_.logits);
    const std::string tables = bounds() + c_tables(policy_.graph, policy_.graph.needed(wanted), int16_) + samples();
    const std::string test = self_test();
    CFiles out;
    out.header = header();
    // The words of people come last: they may hold the sign that stands for the name.
    out.source = comment() + c_named("#include \"", name_) + header_name_ + "\"\n" + c_named(preamble(), name_) +
                 c_named(tables + c_helpers(helpers_) + functions + test, name_);
    out.stack_bytes = 4 * floats_;
    return out;
  }

 private:
  std::string result_type() const { return policy_.discrete() ? "int" : "void"; }
  const char* result_name() const { return policy_.discrete() ? "logits" : "action"; }
  std::string signature(const char* function, bool noise) const {
    return result_type() + " @_" + function + "(const float *observation, " + (noise ? "const float *noise, " : "") +
           "float *" + result_name() + ")";
  }

  std::string function(const char* name, int action, bool noise) {
    std::vector<int> wanted = {action};
    if (policy_.discrete()) wanted.push_back(policy_.logits);
    const CBody body = c_body(policy_.graph, wanted, int16_);
    helpers_.insert(body.helpers.begin(), body.helpers.end());
    floats_ = std::max(floats_, body.floats);
    std::string out = "\n" + signature(name, noise) + " {\n" + body.text;
    if (policy_.discrete()) {
      out += "  if (logits) {\n    for (int i = 0; i < " + std::to_string(policy_.spec.num_actions) +
             "; ++i) logits[i] = " + body.result[1] + "[i];\n  }\n  return " + body.result[0] + ";\n";
    } else {
      out += "  for (int i = 0; i < " + std::to_string(policy_.spec.act_dim) + "; ++i) action[i] = " + body.result[0] +
             "[i];\n";
    }
    return out + "}\n";
  }

  std::string bounds() const {
    if (policy_.discrete()) return "";
    std::vector<std::string> low, high;
    for (const double x : policy_.spec.act_low) low.push_back(c_double(x));
    for (const double x : policy_.spec.act_high) high.push_back(c_double(x));
    return "\n/* the actions' bounds */\n" + c_table("double", "@_low", low) + c_table("double", "@_high", high);
  }

  // What the samples' outputs are compared as: actions, or logits.
  const std::vector<float>& expected(const ExportSample& sample) const {
    return policy_.discrete() ? sample.logits : sample.action;
  }

  std::string samples() const {
    std::vector<std::string> observation, noise, output, index;
    for (const ExportSample& sample : policy_.samples) {
      for (const float x : sample.observation) observation.push_back(c_float(x));
      for (const float x : sample.noise) noise.push_back(c_float(x));
      for (const float x : expected(sample)) output.push_back(c_float(x));
      index.push_back(std::to_string(sample.index));
    }
    if (policy_.samples.empty()) return "";
    std::string out = "\n/* recorded states for the self-test */\n";
    out += c_table("float", "@_sample_observation", observation);
    if (policy_.stochastic) out += c_table("float", "@_sample_noise", noise);
    out += c_table("float", "@_sample_output", output);
    if (policy_.discrete()) out += c_table("int", "@_sample_index", index);
    return out;
  }

  std::string self_test() {
    std::string out = "\nint @_self_test(void) {\n";
    if (policy_.samples.empty()) return out + "  return 0;\n}\n";
    helpers_.insert(CHelper::bits);
    const int outputs = policy_.discrete() ? policy_.spec.num_actions : policy_.spec.act_dim;
    const std::string n = std::to_string(policy_.samples.size()), count = std::to_string(outputs);
    const std::string call =
        std::string(policy_.stochastic ? "@_draw" : "@_act") + "(@_sample_observation + s * " +
        std::to_string(policy_.spec.obs_dim) + ", " +
        (policy_.stochastic ? "@_sample_noise + s * " + std::to_string(policy_.noise_size()) + ", " : std::string()) +
        "output)";
    out += "  int failed = 0;\n  for (int s = 0; s < " + n + "; ++s) {\n    float output[" + count + "];\n";
    if (policy_.discrete())
      out += "    const int index = " + call + ";\n    int bad = @_FMA && index != @_sample_index[s];\n";
    else
      out += "    int bad = 0;\n    " + call + ";\n";
    // Rounded otherwise, sums of thousands of terms are off by some units of the last place.
    const std::string tolerance = policy_.discrete() ? "1e-4f * (1.0f + (expected < 0.0f ? -expected : expected))"
                                                     : "0.5e-5f * (float)(@_high[i] - @_low[i])";
    out += "    for (int i = 0; i < " + count + "; ++i) {\n      const float expected = @_sample_output[s * " + count +
           " + i];\n      const float off = output[i] > expected ? output[i] - expected : expected - output[i];\n"
           "      const int same = @_bits(output[i]) == @_bits(expected);\n"
           "      if (!(@_FMA ? same : off <= " +
           tolerance + ")) bad = 1;\n    }\n";
    return out + "    failed += bad;\n  }\n  return failed;\n}\n";
  }

  std::string comment() const {
    std::string out = "/* " + title(policy_) + "\n *\n";
    out +=
        " * C99, needs no library, allocates nothing and keeps no state: any number of threads may call it. Of the "
        "stack the\n"
        " * buffers take " +
        std::to_string(4 * floats_) +
        " bytes, and calls a few dozen more.\n *\n"
        " * Bits: where the compiler has fused multiply-adds in hardware (" +
        name_ +
        "_FMA is 1 then; for x86-64 compile with\n"
        " * -mfma) the results are softac's own to the last bit, else about 1e-6 of an action's range off. Nothing "
        "may\n"
        " * reorder or fuse other operations: -ffp-contract=off, which the pragmas below ask for, and no "
        "-ffast-math. " +
        name_ +
        "_FMA=1\n * set from outside takes fmaf() of the C library, exact and slow, where there is no hardware for "
        "it.\n";
    if (int16_ != nullptr) {
      char line[160];
      double most = 0.0;
      for (const double x : error_) most = std::max(most, x);
      std::snprintf(line, sizeof line, "%.3g", most);
      out += " *\n * Weights of 16 bits: over " + std::to_string(states_) + " recorded states the largest error of " +
             (policy_.discrete() ? "a logit" : "an action, in its units,") + " is " + line + "; of each:";
      for (const double x : error_) {
        std::snprintf(line, sizeof line, " %.2g", x);
        out += line;
      }
      out += ".\n";
    }
    return out + " */\n";
  }

  static std::string preamble() {
    return "\n#include <float.h>\n#include <stdint.h>\n"
           "\n#if defined(__FAST_MATH__)\n#error \"-ffast-math changes the results: compile this file without "
           "it\"\n#endif\n"
           "#if defined(__clang__)\n#pragma STDC FP_CONTRACT OFF\n#elif defined(__GNUC__)\n"
           "#pragma GCC optimize(\"fp-contract=off\")\n#elif defined(_MSC_VER)\n#pragma fp_contract(off)\n#endif\n"
           "\n#if !defined(__GNUC__) || (defined(@_FMA) && !defined(__FP_FAST_FMAF) && !defined(__FMA__) && \\\n"
           "                            !defined(__ARM_FEATURE_FMA))\n"
           "#include <math.h>\n#define @_LIBRARY_FMA 1\n#endif\n"
           "#if !defined(@_FMA)\n"
           "#if defined(__FP_FAST_FMAF) || defined(FP_FAST_FMAF) || defined(__FMA__) || defined(__ARM_FEATURE_FMA) || "
           "\\\n"
           "    (defined(_MSC_VER) && defined(__AVX2__))\n"
           "#define @_FMA 1\n#else\n#define @_FMA 0\n#endif\n#endif\n"
           "#if @_FMA && defined(@_LIBRARY_FMA)\n#define @_fma(a, b, c) fmaf(a, b, c)\n"
           "#elif @_FMA\n#define @_fma(a, b, c) __builtin_fmaf(a, b, c)\n"
           "#else\n#define @_fma(a, b, c) ((a) * (b) + (c))\n#endif\n"
           "\n/* A sum that is to be rounded to float at once, also where the processor computes in more digits. */\n"
           "#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0\n#define @_STORED volatile float\n"
           "#else\n#define @_STORED const float\n#endif\n";
  }

  std::string header() const {
    const EnvSpec& spec = policy_.spec;
    const std::string guard = upper(name_) + "_H", prefix = upper(name_);
    std::string out = "/* " + title(policy_) + "\n\n   observation:";
    if (spec.obs_names.empty() && spec.obs_units.empty()) out += " " + std::to_string(spec.obs_dim) + " numbers";
    for (std::size_t i = 0; i < std::max(spec.obs_names.size(), spec.obs_units.size()); ++i)
      out += entry_text("     ", i, spec.obs_names, spec.obs_units);
    if (policy_.discrete()) {
      out += "\n   action: a number from 0 to " + std::to_string(spec.num_actions - 1);
      for (std::size_t i = 0; i < spec.act_names.size(); ++i)
        out += entry_text("     ", i, spec.act_names, spec.act_units);
    } else {
      out += "\n   action, with its bounds:";
      for (std::size_t i = 0; i < spec.act_low.size(); ++i)
        out += entry_text("     ", i, spec.act_names, spec.act_units) + ", " + number_text(spec.act_low[i]) + " to " +
               number_text(spec.act_high[i]);
    }
    if (policy_.stochastic) out += "\n   noise: " + policy_.noise_text();
    out += " */\n#ifndef " + guard + "\n#define " + guard + "\n\n";
    const auto define = [&](const char* key, const std::string& text) {
      out += "#define " + prefix + key + " " + text + "\n";
    };
    define("_OBSERVATIONS", std::to_string(spec.obs_dim));
    define("_ACTIONS", std::to_string(policy_.discrete() ? spec.num_actions : spec.act_dim));
    if (policy_.stochastic) define("_NOISE", std::to_string(policy_.noise_size()));
    if (spec.dt > 0.0) define("_DT", c_double(spec.dt) + " /* s from one observation to the next */");
    out += "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
    const std::string what = policy_.discrete()
                                 ? "the action's number; logits: null, or room for " + prefix + "_ACTIONS"
                                 : "the action in the environment's units";
    out += "/* The policy without noise: " + what + ". */\n" + c_named(signature("act", false), name_) + ";\n";
    if (policy_.stochastic)
      out += "/* The same drawn by the noise. */\n" + c_named(signature("draw", true), name_) + ";\n";
    out += "/* How many of the " + std::to_string(policy_.samples.size()) +
           " recorded states give other results than softac: 0 if all is well. */\nint " + name_ +
           "_self_test(void);\n";
    return out + "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  }

  const PolicyExport& policy_;
  const std::string& name_;
  const std::string& header_name_;
  const Int16Weights* int16_;
  const std::vector<double>& error_;
  int states_;
  std::set<CHelper> helpers_;
  int floats_ = 0;
};

}  // namespace

CFiles encode_c(const PolicyExport& policy, const std::string& name, const std::string& header_name,
                const Int16Weights* int16, const std::vector<double>& int16_error, int error_states) {
  return CWriter(policy, name, header_name, int16, int16_error, error_states).write();
}

bool is_c_identifier(const std::string& text) {
  static const std::set<std::string> keywords = {
      "auto",   "break",    "case",     "char",     "const", "continue", "default", "do",     "double",
      "else",   "enum",     "extern",   "float",    "for",   "goto",     "if",      "inline", "int",
      "long",   "register", "restrict", "return",   "short", "signed",   "sizeof",  "static", "struct",
      "switch", "typedef",  "union",    "unsigned", "void",  "volatile", "while"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text[0]) && text.size() <= 63 && !keywords.contains(text) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || digit(c); });
}

}  // namespace softac
