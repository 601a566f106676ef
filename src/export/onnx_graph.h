// The nodes and constants of an ONNX graph while it is written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/protobuf.h"

namespace softac {

// ONNX's numbers of element types.
enum class OnnxType : std::int64_t { float32 = 1, int64 = 7, float64 = 11 };

struct OnnxAttribute {
  enum class Kind { real, whole, list } kind;
  std::string name;
  float real = 0.0f;
  std::int64_t whole = 0;
  std::vector<std::int64_t> list;

  OnnxAttribute(const char* key, float value) : kind(Kind::real), name(key), real(value) {}
  OnnxAttribute(const char* key, std::int64_t value) : kind(Kind::whole), name(key), whole(value) {}
  OnnxAttribute(const char* key, std::vector<std::int64_t> value) : kind(Kind::list), name(key), list(value) {}
};

class OnnxGraph {
 public:
  // Adds a node and returns its output's name: `name`, or a new one.
  std::string node(const char* type, const std::vector<std::string>& inputs,
                   const std::vector<OnnxAttribute>& attributes = {}, const std::string& name = "");
  // Adds a constant and returns its name: `name`, or a new one.
  std::string constant(const std::vector<float>& values, const std::vector<std::int64_t>& shape,
                       const std::string& name = "");
  std::string constant(const std::vector<std::int64_t>& values, const std::vector<std::int64_t>& shape);
  std::string scalar(float value) { return constant(std::vector<float>{value}, {}); }

  // columns: of (batch, columns); 0: (batch).
  void input(const char* name, int columns);
  void output(const std::string& name, OnnxType type, int columns);

  ProtoMessage message(const char* name) const;  // GraphProto

 private:
  std::string constant(OnnxType type, std::string_view bytes, const std::vector<std::int64_t>& shape,
                       const std::string& name);
  std::string unique(const std::string& name, const char* kind);

  ProtoMessage parts_;  // the fields so far: they may stand in any order
  int count_ = 0;
};

}  // namespace softac
