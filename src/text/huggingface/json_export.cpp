#include "text/huggingface/json_export.h"

#include <nlohmann/json.hpp>

namespace tandem {
namespace {

using Json = nlohmann::json;

/// The file without its last member, which Tandem has added (text/huggingface/tokenizer_files.cpp).
std::string without_own_part(const std::string& content) {
  constexpr std::string_view kMember = "\"tandem\":{";
  const size_t member = content.rfind(kMember);
  const size_t end = content.find_last_of('}');
  if (member == std::string::npos || end == std::string::npos || member > end) return content;
  const size_t begin = member + kMember.size() - 1;
  if (!Json::parse(content.substr(begin, end - begin), nullptr, false).is_object()) return content;
  const size_t comma = content.find_last_not_of(" \t\r\n", member - 1);
  const bool first = comma == std::string::npos || content[comma] != ',';
  return content.substr(0, first ? member : comma) + content.substr(end);
}

Json replace(const char* kind, const char* pattern, const char* content) {
  return {{"type", "Replace"}, {"pattern", {{kind, pattern}}}, {"content", content}};
}

}  // namespace

std::string exported_json(const std::string& content, TextCleaning cleaning, bool lowercase) {
  const std::string original = without_own_part(content);
  // The split of CLIP's file does what the originals' cleaning does, HTML and ftfy aside.
  const bool cleans = cleaning != TextCleaning::kAsFile &&
                      cleaning != TextCleaning::kClipOriginal &&
                      cleaning != TextCleaning::kOpenClip;
  if (!cleans && !lowercase) return original;
  Json rules = Json::array();
  if (cleans) {
    // Of ftfy's repairs, those that need no decision.
    rules.push_back(
        replace("Regex", R"([\x{0}-\x{8}\x{B}\x{E}-\x{1F}\x{7F}\x{FEFF}\x{FFF9}-\x{FFFC}])", ""));
    rules.push_back(replace("Regex", R"([\x{2BC}\x{2018}-\x{201B}])", "'"));
    rules.push_back(replace("Regex", R"([\x{201C}-\x{201F}])", "\""));
    rules.push_back({{"type", "NFC"}});
  }
  if (cleaning == TextCleaning::kCanonicalize) {
    rules.push_back(replace("String", "_", " "));
    rules.push_back(replace("Regex", R"([!-/:-@\[-^`{-~])", ""));
  }
  const bool lowers =
      lowercase || cleaning == TextCleaning::kCanonicalize || cleaning == TextCleaning::kLower;
  // Python's str.lower, which the cleaning does, ends a word with another sigma.
  if (lowers && cleans) rules.push_back(replace("Regex", R"((?<=\p{L})\x{3A3}(?!\p{L}))", "ς"));
  if (lowers) rules.push_back({{"type", "Lowercase"}});
  if (cleans) {
    rules.push_back(replace("Regex", "\\s+", " "));
    rules.push_back({{"type", "Strip"}, {"strip_left", true}, {"strip_right", true}});
  }
  Json json = Json::parse(original);
  if (json.contains("normalizer") && !json["normalizer"].is_null())
    rules.push_back(json["normalizer"]);
  json["normalizer"] = {{"type", "Sequence"}, {"normalizers", rules}};
  return json.dump();
}

}  // namespace tandem
