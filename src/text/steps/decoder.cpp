#include "text/steps/decoder.h"

#include <charconv>
#include <utility>

#include "io/files/utf8.h"
#include "text/steps/pattern.h"
#include "text/steps/splitter.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

using Tokens = std::vector<std::string>;

void replace_all(std::string& text, std::string_view old, std::string_view fresh) {
  for (size_t at = text.find(old); at != std::string::npos && !old.empty();
       at = text.find(old, at + fresh.size())) {
    text.replace(at, old.size(), fresh);
  }
}

/// Takes out the spaces that English does not write.
void clean_up(std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [old, fresh] : kRules) replace_all(text, old, fresh);
}

class ByteLevelDecoder final : public Decoder {
 public:
  void apply(Tokens& tokens) const override {
    std::string bytes;
    for (const std::string& token : tokens) {
      std::string own;
      bool all = true;
      for_each_character(token, [&](char32_t c, size_t, size_t) {
        const int byte = from_byte_level(c);
        all = all && byte >= 0;
        own += static_cast<char>(byte);
      });
      bytes += all ? own : token;
    }
    tokens = {replace_damage(bytes)};
  }
};

class WordPieceDecoder final : public Decoder {
 public:
  WordPieceDecoder(std::string prefix, bool cleanup)
      : prefix_(std::move(prefix)), cleanup_(cleanup) {}
  void apply(Tokens& tokens) const override {
    for (size_t index = 0; index < tokens.size(); ++index) {
      std::string& token = tokens[index];
      if (index > 0 && token.starts_with(prefix_)) {
        token.erase(0, prefix_.size());
      } else if (index > 0) {
        token.insert(0, " ");
      }
      if (cleanup_) clean_up(token);
    }
  }

 private:
  std::string prefix_;
  bool cleanup_;
};

class MetaspaceDecoder final : public Decoder {
 public:
  MetaspaceDecoder(std::string mark, bool prepends) : mark_(std::move(mark)), prepends_(prepends) {}
  void apply(Tokens& tokens) const override {
    for (size_t index = 0; index < tokens.size(); ++index)
      replace_all(tokens[index], mark_, index == 0 && prepends_ ? "" : " ");
  }

 private:
  std::string mark_;
  bool prepends_;
};

class BpeDecoder final : public Decoder {
 public:
  explicit BpeDecoder(std::string suffix) : suffix_(std::move(suffix)) {}
  void apply(Tokens& tokens) const override {
    for (size_t index = 0; index < tokens.size(); ++index)
      replace_all(tokens[index], suffix_, index + 1 == tokens.size() ? "" : " ");
  }

 private:
  std::string suffix_;
};

class ByteFallbackDecoder final : public Decoder {
 public:
  void apply(Tokens& tokens) const override {
    Tokens decoded;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (is_utf8(bytes)) {
        decoded.push_back(bytes);
      } else {
        decoded.insert(decoded.end(), bytes.size(), "\xEF\xBF\xBD");
      }
      bytes.clear();
    };
    for (std::string& token : tokens) {
      const int byte = byte_of(token);
      if (byte >= 0) {
        bytes += static_cast<char>(byte);
        continue;
      }
      flush();
      decoded.push_back(std::move(token));
    }
    flush();
    tokens = std::move(decoded);
  }

 private:
  static int byte_of(const std::string& token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
    int byte = 0;
    const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
    return error == std::errc() && end == token.data() + 5 && byte >= 0 ? byte : -1;
  }
};

class FuseDecoder final : public Decoder {
 public:
  void apply(Tokens& tokens) const override {
    std::string joined;
    for (const std::string& token : tokens) joined += token;
    tokens = {std::move(joined)};
  }
};

class StripDecoder final : public Decoder {
 public:
  StripDecoder(std::string content, int64_t start, int64_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}
  void apply(Tokens& tokens) const override {
    for (std::string& token : tokens) {
      for (int64_t i = 0; i < start_ && token.starts_with(content_); ++i)
        token.erase(0, content_.size());
      for (int64_t i = 0; i < stop_ && token.ends_with(content_); ++i)
        token.resize(token.size() - content_.size());
    }
  }

 private:
  std::string content_;
  int64_t start_;
  int64_t stop_;
};

class ReplaceDecoder final : public Decoder {
 public:
  ReplaceDecoder(Pattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(Tokens& tokens) const override {
    for (std::string& token : tokens) {
      std::string replaced;
      size_t done = 0;
      pattern_.for_each_match(token, [&](size_t begin, size_t end) {
        replaced.append(token, done, begin - done).append(content_);
        done = end;
      });
      token = replaced.append(token, done);
    }
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class SequenceDecoder final : public Decoder {
 public:
  explicit SequenceDecoder(std::vector<std::unique_ptr<Decoder>> steps)
      : steps_(std::move(steps)) {}
  void apply(Tokens& tokens) const override {
    for (const auto& step : steps_) step->apply(tokens);
  }

 private:
  std::vector<std::unique_ptr<Decoder>> steps_;
};

std::unique_ptr<Decoder> read(const JsonView& json, int depth) {
  const std::string& type = json.at("type").string();
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "ByteFallback") return std::make_unique<ByteFallbackDecoder>();
  if (type == "Fuse") return std::make_unique<FuseDecoder>();
  if (type == "BPEDecoder") return std::make_unique<BpeDecoder>(json.string_or("suffix", "</w>"));
  if (type == "WordPiece") {
    return std::make_unique<WordPieceDecoder>(json.string_or("prefix", "##"),
                                              json.boolean_or("cleanup", true));
  }
  if (type == "Metaspace") {
    const bool never = json.string_or("prepend_scheme", "always") == "never" ||
                       !json.boolean_or("add_prefix_space", true);
    return std::make_unique<MetaspaceDecoder>(json.at("replacement").string(), !never);
  }
  if (type == "Strip") {
    std::string content;
    append_utf8(content, json.at("content").character());
    return std::make_unique<StripDecoder>(std::move(content), json.at("start").integer(0, 1 << 20),
                                          json.at("stop").integer(0, 1 << 20));
  }
  if (type == "Replace") {
    return std::make_unique<ReplaceDecoder>(read_pattern(json.at("pattern")),
                                            json.at("content").string());
  }
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Decoder>> steps;
    for (const JsonView& each : json.sequence("decoders", depth))
      steps.push_back(read(each, depth + 1));
    return std::make_unique<SequenceDecoder>(std::move(steps));
  }
  json.at("type").reject("unknown decoder",
                         "BPEDecoder, ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence, "
                         "Strip or WordPiece");
}

}  // namespace

std::unique_ptr<Decoder> read_decoder(const JsonView& json) { return read(json, 0); }

}  // namespace tandem
