#include "export/onnx.h"

#include <variant>

#include "export/onnx_graph.h"
#include "export/onnx_steps.h"

namespace softac {
namespace {

constexpr std::int64_t kIrVersion = 7, kOpset = 13;

// Fields of the messages in onnx.proto.
enum ModelField {
  kModelIr = 1,
  kProducer = 2,
  kProducerVersion = 3,
  kModelDoc = 6,
  kModelGraph = 7,
  kOpsets = 8,
  kMetadata = 14
};
enum GraphField { kNodes = 1, kGraphName = 2, kInitialisers = 5, kInputs = 11, kOutputs = 12 };
enum NodeField { kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kNodeType = 4, kNodeAttribute = 5 };
enum AttributeField {
  kAttributeName = 1,
  kAttributeReal = 2,
  kAttributeWhole = 3,
  kAttributeList = 8,
  kAttributeType = 20
};
enum AttributeType { kTypeReal = 1, kTypeWhole = 2, kTypeList = 7 };
enum TensorField { kDims = 1, kDataType = 2, kTensorName = 8, kRawData = 9 };

ProtoMessage attribute_message(const OnnxAttribute& attribute) {
  ProtoMessage out;
  out.add(kAttributeName, attribute.name);
  std::int64_t type = kTypeReal;
  switch (attribute.kind) {
    case OnnxAttribute::Kind::real:
      out.add(kAttributeReal, attribute.real);
      break;
    case OnnxAttribute::Kind::whole:
      out.add(kAttributeWhole, attribute.whole);
      type = kTypeWhole;
      break;
    case OnnxAttribute::Kind::list:
      for (const std::int64_t item : attribute.list) out.add(kAttributeList, item);
      type = kTypeList;
      break;
  }
  out.add(kAttributeType, type);
  return out;
}

// ValueInfoProto of (batch, columns), or (batch).
ProtoMessage value_info(const std::string& name, OnnxType type, int columns) {
  ProtoMessage batch, shape, tensor, value_type, out;
  batch.add(2, "batch");
  shape.add(1, batch);
  if (columns > 0) {
    ProtoMessage width;
    width.add(1, std::int64_t{columns});
    shape.add(1, width);
  }
  tensor.add(1, static_cast<std::int64_t>(type));
  tensor.add(2, shape);
  value_type.add(1, tensor);
  out.add(1, name);
  out.add(2, value_type);
  return out;
}

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

std::string OnnxGraph::unique(const std::string& name, const char* kind) {
  return name.empty() ? std::string(kind) + "_" + std::to_string(count_++) : name;
}

std::string OnnxGraph::node(const char* type, const std::vector<std::string>& inputs,
                            const std::vector<OnnxAttribute>& attributes, const std::string& name) {
  const std::string output = unique(name, type);
  ProtoMessage out;
  for (const std::string& input : inputs) out.add(kNodeInput, input);
  out.add(kNodeOutput, output);
  out.add(kNodeName, output);
  out.add(kNodeType, type);
  for (const OnnxAttribute& attribute : attributes) out.add(kNodeAttribute, attribute_message(attribute));
  parts_.add(kNodes, out);
  return output;
}

std::string OnnxGraph::constant(OnnxType type, std::string_view bytes, const std::vector<std::int64_t>& shape,
                                const std::string& name) {
  const std::string unique_name = unique(name, "constant");
  ProtoMessage out;
  for (const std::int64_t length : shape) out.add(kDims, length);
  out.add(kDataType, static_cast<std::int64_t>(type));
  out.add(kTensorName, unique_name);
  out.add(kRawData, bytes);
  parts_.add(kInitialisers, out);
  return unique_name;
}

std::string OnnxGraph::constant(const std::vector<float>& values, const std::vector<std::int64_t>& shape,
                                const std::string& name) {
  return constant(OnnxType::float32, bytes_of(values), shape, name);
}

std::string OnnxGraph::constant(const std::vector<std::int64_t>& values, const std::vector<std::int64_t>& shape) {
  return constant(OnnxType::int64, bytes_of(values), shape, "");
}

void OnnxGraph::input(const char* name, int columns) {
  parts_.add(kInputs, value_info(name, OnnxType::float32, columns));
}

void OnnxGraph::output(const std::string& name, OnnxType type, int columns) {
  parts_.add(kOutputs, value_info(name, type, columns));
}

ProtoMessage OnnxGraph::message(const char* name) const {
  ProtoMessage out = parts_;
  out.add(kGraphName, name);
  return out;
}

std::string encode_onnx(const PolicyExport& policy) {
  OnnxGraph graph;
  write_onnx_steps(policy, graph);

  ProtoMessage opset, model;
  opset.add(1, "");
  opset.add(2, kOpset);
  model.add(kModelIr, kIrVersion);
  model.add(kProducer, "softac");
  model.add(kProducerVersion, policy.source.version);
  model.add(kModelDoc, policy.kind + " policy of " + policy.source.environment);
  model.add(kModelGraph, graph.message("policy"));
  model.add(kOpsets, opset);
  for (const auto& [key, value] : export_words(policy)) {
    ProtoMessage entry;
    entry.add(1, key);
    entry.add(2, value);
    model.add(kMetadata, entry);
  }
  return std::string(model.bytes());
}

}  // namespace softac
