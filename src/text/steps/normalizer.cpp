#include "text/steps/normalizer.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "text/steps/pattern.h"
#include "text/steps/splitter.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

constexpr size_t kLongestText = size_t{64} << 20;

/// A file may hold replacements that make a text longer and longer.
void check_length(const std::string& text) {
  if (text.size() <= kLongestText) return;
  throw Error(ErrorKind::kData, {.what = "the normalized text is too long",
                                 .expected = fmt::format("at most {} bytes", kLongestText)});
}

/// Keeps the characters that `keep` wants.
template <typename Keep>
void filter(NormalizedText& text, Keep keep) {
  std::string kept;
  kept.reserve(text.text.size());
  const size_t start = text.start_bytes;
  for_each_character(text.text, [&](char32_t c, size_t begin, size_t bytes) {
    if (keep(c)) {
      kept.append(text.text, begin, bytes);
    } else if (begin < start) {
      text.start_bytes -= bytes;
    }
  });
  text.text.swap(kept);
}

class FormNormalizer final : public Normalizer {
 public:
  explicit FormNormalizer(NormalForm form) : form_(form) {}
  void apply(NormalizedText& text) const override {
    rewrite_text(text, [this](std::string& part) { normalize_unicode(part, form_); });
  }

 private:
  NormalForm form_;
};

class LowercaseNormalizer final : public Normalizer {
 public:
  void apply(NormalizedText& text) const override { rewrite_text(text, lower_case); }
};

class StripNormalizer final : public Normalizer {
 public:
  StripNormalizer(bool left, bool right) : left_(left), right_(right) {}
  void apply(NormalizedText& text) const override {
    std::string_view rest = text.text;
    while (left_ && !rest.empty()) {
      const CodePoint c = code_point_at(rest.data());
      if (!has_flag(c.value, kSpace)) break;
      rest.remove_prefix(c.bytes);
      text.start_bytes -= std::min<size_t>(text.start_bytes, c.bytes);
    }
    while (right_ && !rest.empty()) {
      const size_t last = last_character(rest);
      if (!has_flag(code_point_at(rest.data() + last).value, kSpace)) break;
      rest = rest.substr(0, last);
    }
    if (rest.size() < text.text.size()) text.text = std::string(rest);
  }

 private:
  bool left_;
  bool right_;
};

class StripAccentsNormalizer final : public Normalizer {
 public:
  void apply(NormalizedText& text) const override {
    if (!is_ascii(text.text)) filter(text, [](char32_t c) { return !has_flag(c, kCombining); });
  }
};

class ReplaceNormalizer final : public Normalizer {
 public:
  ReplaceNormalizer(Pattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(NormalizedText& text) const override {
    std::string replaced;
    size_t done = 0;
    const std::string_view old = text.text;
    bool found = false;
    size_t start = text.start_bytes;
    pattern_.for_each_match(old, [&](size_t begin, size_t end) {
      found = true;
      // What replaces several characters counts as the last of them.
      if (begin == 0 && end > 0) {
        const bool counts = last_character(old.substr(0, end)) < start;
        start = (counts ? content_.size() : 0) + start - std::min(start, end);
      }
      if (begin == end && begin < text.start_bytes) start += content_.size();
      replaced.append(old.substr(done, begin - done)).append(content_);
      check_length(replaced);
      done = end;
    });
    if (!found) return;
    replaced.append(old.substr(done));
    text.text.swap(replaced);
    text.start_bytes = start;
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class PrependNormalizer final : public Normalizer {
 public:
  explicit PrependNormalizer(std::string content) : content_(std::move(content)) {}
  void apply(NormalizedText& text) const override {
    if (text.text.empty()) return;
    text.text.insert(0, content_);
    check_length(text.text);
    if (text.start_bytes > 0) text.start_bytes += content_.size();
  }

 private:
  std::string content_;
};

/// The rules of sentencepiece's `nmt` that are not in its compiled map.
class NmtNormalizer final : public Normalizer {
 public:
  void apply(NormalizedText& text) const override {
    filter(text, [](char32_t c) {
      return !((c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
               c == 0x8F || c == 0x9F);
    });
    rewrite_text(text, [](std::string& part) {
      std::string mapped;
      for_each_character(part, [&](char32_t c, size_t begin, size_t bytes) {
        if (becomes_space(c)) {
          mapped += ' ';
        } else {
          mapped.append(part, begin, bytes);
        }
      });
      part.swap(mapped);
    });
  }

 private:
  static bool becomes_space(char32_t c) {
    return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
           (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
           c == 0xFEFF || c == 0xFFFD;
  }
};

class PrecompiledNormalizer final : public Normalizer {
 public:
  explicit PrecompiledNormalizer(CharsMap map) : map_(std::move(map)) {}
  void apply(NormalizedText& text) const override {
    rewrite_text(text, [this](std::string& part) { map_.apply(part); });
  }

 private:
  CharsMap map_;
};

class BertNormalizer final : public Normalizer {
 public:
  explicit BertNormalizer(const BertRules& rules) : rules_(rules) {}
  void apply(NormalizedText& text) const override { apply_bert_rules(text, rules_); }

 private:
  BertRules rules_;
};

class ByteLevelNormalizer final : public Normalizer {
 public:
  void apply(NormalizedText& text) const override {
    rewrite_text(text, [](std::string& part) { part = to_byte_level(part); });
  }
};

class SequenceNormalizer final : public Normalizer {
 public:
  explicit SequenceNormalizer(std::vector<std::unique_ptr<Normalizer>> steps)
      : steps_(std::move(steps)) {}
  void apply(NormalizedText& text) const override {
    for (const auto& step : steps_) step->apply(text);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

/// Decodes base64. Returns nothing for other text.
std::optional<std::string> decode_base64(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count);
  }
  return bytes;
}

std::unique_ptr<Normalizer> read_precompiled(const JsonView& json) {
  const JsonView map = json.at("precompiled_charsmap");
  const auto bytes = decode_base64(map.string());
  if (!bytes) map.reject("is not base64");
  return std::make_unique<PrecompiledNormalizer>(CharsMap(*bytes, map.path()));
}

std::unique_ptr<Normalizer> read_bert(const JsonView& json) {
  const bool lowercase = json.boolean_or("lowercase", true);
  return std::make_unique<BertNormalizer>(
      BertRules{.clean_text = json.boolean_or("clean_text", true),
                .handle_chinese_chars = json.boolean_or("handle_chinese_chars", true),
                .strip_accents = json.boolean_or("strip_accents", lowercase),
                .lowercase = lowercase});
}

std::unique_ptr<Normalizer> read(const JsonView& json, int depth) {
  const std::string& type = json.at("type").string();
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Normalizer>> steps;
    for (const JsonView& each : json.sequence("normalizers", depth))
      steps.push_back(read(each, depth + 1));
    return std::make_unique<SequenceNormalizer>(std::move(steps));
  }
  if (type == "NFC") return std::make_unique<FormNormalizer>(NormalForm::kNfc);
  if (type == "NFD") return std::make_unique<FormNormalizer>(NormalForm::kNfd);
  if (type == "NFKC") return std::make_unique<FormNormalizer>(NormalForm::kNfkc);
  if (type == "NFKD") return std::make_unique<FormNormalizer>(NormalForm::kNfkd);
  if (type == "Lowercase") return std::make_unique<LowercaseNormalizer>();
  if (type == "StripAccents") return std::make_unique<StripAccentsNormalizer>();
  if (type == "Nmt") return std::make_unique<NmtNormalizer>();
  if (type == "ByteLevel") return std::make_unique<ByteLevelNormalizer>();
  if (type == "BertNormalizer") return read_bert(json);
  if (type == "Precompiled") return read_precompiled(json);
  if (type == "Prepend") return std::make_unique<PrependNormalizer>(json.at("prepend").string());
  if (type == "Strip") {
    return std::make_unique<StripNormalizer>(json.boolean_or("strip_left", true),
                                             json.boolean_or("strip_right", true));
  }
  if (type == "Replace") {
    return std::make_unique<ReplaceNormalizer>(read_pattern(json.at("pattern")),
                                               json.at("content").string());
  }
  json.at("type").reject("unknown normalizer",
                         "BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, "
                         "Precompiled, Prepend, Replace, Sequence, Strip or StripAccents");
}

}  // namespace

std::unique_ptr<Normalizer> read_normalizer(const JsonView& json) { return read(json, 0); }

}  // namespace tandem
