#include "text/steps/post_processor.h"

namespace tandem {
namespace {

int32_t read_id(const JsonView& json, int64_t vocab_size) {
  return static_cast<int32_t>(json.integer(0, vocab_size - 1));
}

/// `["[CLS]", 101]`
int32_t read_pair_id(const JsonView& json, int64_t vocab_size) {
  const std::vector<JsonView> parts = json.elements();
  if (parts.size() != 2) json.reject("is not a pair of a token and its id");
  return read_id(parts[1], vocab_size);
}

Frame read_template(const JsonView& json, int64_t vocab_size) {
  Frame frame;
  int sequences = 0;
  for (const JsonView& piece : json.at("single").elements()) {
    if (piece.has("Sequence")) {
      ++sequences;
      continue;
    }
    const std::string& name = piece.at("SpecialToken").at("id").string();
    const JsonView token = json.at("special_tokens").at(name.c_str());
    for (const JsonView& id : token.at("ids").elements())
      (sequences == 0 ? frame.before : frame.after).push_back(read_id(id, vocab_size));
  }
  if (sequences != 1)
    json.at("single").reject("does not hold the text exactly once", "one Sequence");
  return frame;
}

Frame read(const JsonView& json, int64_t vocab_size, int depth) {
  const std::string& type = json.at("type").string();
  if (type == "RobertaProcessing" || type == "BertProcessing") {
    return {{read_pair_id(json.at("cls"), vocab_size)}, {read_pair_id(json.at("sep"), vocab_size)}};
  }
  if (type == "TemplateProcessing") return read_template(json, vocab_size);
  if (type == "ByteLevel") return {};  // concerns offsets only
  if (type == "Sequence") {
    Frame frame;
    for (const JsonView& each : json.sequence("processors", depth)) {
      const Frame outer = read(each, vocab_size, depth + 1);
      frame.before.insert(frame.before.begin(), outer.before.begin(), outer.before.end());
      frame.after.insert(frame.after.end(), outer.after.begin(), outer.after.end());
    }
    return frame;
  }
  json.at("type").reject(
      "unknown post-processor",
      "BertProcessing, ByteLevel, RobertaProcessing, Sequence or TemplateProcessing");
}

}  // namespace

Frame read_frame(const JsonView& json, int64_t vocab_size) { return read(json, vocab_size, 0); }

}  // namespace tandem
