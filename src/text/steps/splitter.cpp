#include "text/steps/splitter.h"

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "text/steps/pattern.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

/// What is put in front of a piece counts as part of its first character.
void add_front(Piece& piece, const char* text, Pieces& pieces) {
  const std::string_view front = text;
  piece.text = pieces.keep(std::string(front).append(piece.text));
  if (piece.start_bytes > 0) piece.start_bytes += front.size();
}

/// Cuts at characters that have a flag.
class FlagSplitter final : public Splitter {
 public:
  FlagSplitter(uint16_t flags, SplitBehavior behavior) : flags_(flags), behavior_(behavior) {}
  void split(Pieces& pieces) const override {
    pieces.split_each([&](const Piece& piece) {
      Cutter cutter(pieces, piece, behavior_);
      for_each_character(piece.text, [&](char32_t c, size_t begin, size_t bytes) {
        if (has_flag(c, flags_)) cutter.match(begin, begin + bytes);
      });
      cutter.finish();
    });
  }

 private:
  uint16_t flags_;
  SplitBehavior behavior_;
};

/// Keeps runs of word characters, and runs of what is neither those nor white space.
class WhitespaceSplitter final : public Splitter {
 public:
  void split(Pieces& pieces) const override {
    pieces.split_each([&](const Piece& piece) {
      size_t begin = 0;
      uint16_t kind = kSpace;
      for_each_character(piece.text, [&](char32_t c, size_t at, size_t) {
        const uint16_t flags = char_flags(c);
        const uint16_t here = (flags & kWord) != 0 ? kWord : flags & kSpace;
        if (here == kind) return;
        if (kind != kSpace) pieces.add(piece, begin, at);
        begin = at;
        kind = here;
      });
      if (kind != kSpace) pieces.add(piece, begin, piece.text.size());
    });
  }
};

class PatternSplitter final : public Splitter {
 public:
  PatternSplitter(Pattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  void split(Pieces& pieces) const override {
    pieces.split_each([&](const Piece& piece) {
      Cutter cutter(pieces, piece, behavior_, invert_);
      pattern_.for_each_match(piece.text,
                              [&](size_t begin, size_t end) { cutter.match(begin, end); });
      cutter.finish();
    });
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class ByteLevelSplitter final : public Splitter {
 public:
  ByteLevelSplitter(bool prefix_space, bool words) : prefix_space_(prefix_space), words_(words) {}
  void split(Pieces& pieces) const override {
    pieces.split_each([&](Piece piece) {
      if (prefix_space_ && !piece.text.starts_with(' ')) add_front(piece, " ", pieces);
      if (!words_) return pieces.add(piece, 0, piece.text.size());
      match_gpt2(piece.text, [&](size_t begin, size_t end) { pieces.add(piece, begin, end); });
    });
  }

 private:
  bool prefix_space_;
  bool words_;
};

class ByteMapSplitter final : public Splitter {
 public:
  void split(Pieces& pieces) const override {
    for (Piece& piece : pieces.list)
      if (piece.id < 0) piece.text = pieces.keep(to_byte_level(piece.text));
  }
};

enum class PrependScheme { kNever, kFirst, kAlways };

class MetaspaceSplitter final : public Splitter {
 public:
  MetaspaceSplitter(std::string mark, PrependScheme scheme, bool words)
      : mark_(std::move(mark)), scheme_(scheme), words_(words) {}
  void split(Pieces& pieces) const override {
    pieces.split_each([&](Piece piece) {
      std::string marked;
      marked.reserve(piece.text.size() + 16);
      const bool starts = piece.text.starts_with(' ') || piece.text.starts_with(mark_);
      const bool may = scheme_ == PrependScheme::kAlways ||
                       (scheme_ == PrependScheme::kFirst && piece.start_bytes > 0);
      if (may && !starts) {
        marked += mark_;
        if (piece.start_bytes > 0) piece.start_bytes += mark_.size();
      }
      for (const char c : piece.text) {
        if (c == ' ') {
          marked += mark_;
        } else {
          marked += c;
        }
      }
      piece.text = pieces.keep(std::move(marked));
      if (!words_) return pieces.add(piece, 0, piece.text.size());
      size_t begin = 0;
      for (size_t at = piece.text.find(mark_, 0); at != std::string_view::npos;
           at = piece.text.find(mark_, at + mark_.size())) {
        pieces.add(piece, begin, at);
        begin = at;
      }
      pieces.add(piece, begin, piece.text.size());
    });
  }

 private:
  std::string mark_;
  PrependScheme scheme_;
  bool words_;
};

class SequenceSplitter final : public Splitter {
 public:
  explicit SequenceSplitter(std::vector<std::unique_ptr<Splitter>> steps)
      : steps_(std::move(steps)) {}
  void split(Pieces& pieces) const override {
    for (const auto& step : steps_) step->split(pieces);
  }

 private:
  std::vector<std::unique_ptr<Splitter>> steps_;
};

SplitBehavior read_behavior(const JsonView& json) {
  static const std::map<std::string, SplitBehavior> kNames = {
      {"Removed", SplitBehavior::kRemoved},
      {"Isolated", SplitBehavior::kIsolated},
      {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
      {"MergedWithNext", SplitBehavior::kMergedWithNext},
      {"Contiguous", SplitBehavior::kContiguous}};
  const auto found = kNames.find(json.string());
  if (found == kNames.end())
    json.reject("is not a split behavior",
                "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
  return found->second;
}

PrependScheme read_scheme(const JsonView& json) {
  const std::string scheme = json.string_or("prepend_scheme", "always");
  const bool never = !json.boolean_or("add_prefix_space", true);
  if (never || scheme == "never") return PrependScheme::kNever;
  if (scheme == "first") return PrependScheme::kFirst;
  if (scheme != "always")
    json.at("prepend_scheme").reject("is not a prepend scheme", "always, first or never");
  return PrependScheme::kAlways;
}

std::unique_ptr<Splitter> read_metaspace(const JsonView& json) {
  std::string mark;
  append_utf8(mark, json.at("replacement").character());
  return std::make_unique<MetaspaceSplitter>(std::move(mark), read_scheme(json),
                                             json.boolean_or("split", true));
}

std::unique_ptr<Splitter> read_pattern_split(const JsonView& json) {
  return std::make_unique<PatternSplitter>(read_pattern(json.at("pattern")),
                                           read_behavior(json.at("behavior")),
                                           json.boolean_or("invert", false));
}

SplitPlan read_plan(const JsonView& json, int depth);

SplitPlan read_sequence(const JsonView& json, int depth) {
  std::vector<std::unique_ptr<Splitter>> steps;
  bool bytes = false;
  for (const JsonView& each : json.sequence("pretokenizers", depth)) {
    if (bytes) steps.push_back(std::make_unique<ByteMapSplitter>());
    SplitPlan plan = read_plan(each, depth + 1);
    steps.push_back(std::move(plan.splitter));
    bytes = plan.to_byte_level;
  }
  return {std::make_unique<SequenceSplitter>(std::move(steps)), bytes};
}

SplitPlan read_plan(const JsonView& json, int depth) {
  const std::string& type = json.at("type").string();
  const auto flagged = [](uint16_t flags, SplitBehavior behavior) {
    return SplitPlan{std::make_unique<FlagSplitter>(flags, behavior)};
  };
  if (type == "Sequence") return read_sequence(json, depth);
  if (type == "ByteLevel") {
    return {std::make_unique<ByteLevelSplitter>(json.boolean_or("add_prefix_space", true),
                                                json.boolean_or("use_regex", true)),
            true};
  }
  if (type == "BertPreTokenizer") {
    std::vector<std::unique_ptr<Splitter>> steps;
    steps.push_back(std::make_unique<FlagSplitter>(kSpace, SplitBehavior::kRemoved));
    steps.push_back(std::make_unique<FlagSplitter>(kPunctuation, SplitBehavior::kIsolated));
    return {std::make_unique<SequenceSplitter>(std::move(steps))};
  }
  if (type == "Whitespace") return {std::make_unique<WhitespaceSplitter>()};
  if (type == "WhitespaceSplit") return flagged(kSpace, SplitBehavior::kRemoved);
  if (type == "Metaspace") return {read_metaspace(json)};
  if (type == "Split") return {read_pattern_split(json)};
  if (type == "Digits") {
    const bool single = json.boolean_or("individual_digits", false);
    return flagged(kNumeric, single ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
  }
  if (type == "Punctuation") {
    return flagged(kPunctuation, json.has("behavior") ? read_behavior(json.at("behavior"))
                                                      : SplitBehavior::kIsolated);
  }
  json.at("type").reject("unknown pre-tokenizer",
                         "BertPreTokenizer, ByteLevel, Digits, Metaspace, Punctuation, Sequence, "
                         "Split, Whitespace or WhitespaceSplit");
}

/// GPT-2's table: printable bytes are themselves, the others follow from U+0100 on.
const std::array<char32_t, 256>& byte_characters() {
  static const std::array<char32_t, 256> kTable = [] {
    std::array<char32_t, 256> table{};
    char32_t next = 0x100;
    for (char32_t byte = 0; byte < 256; ++byte) {
      const bool printable =
          (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
      table[byte] = printable ? byte : next++;
    }
    return table;
  }();
  return kTable;
}

}  // namespace

SplitPlan read_split_plan(const JsonView& json) { return read_plan(json, 0); }

std::string to_byte_level(std::string_view text) {
  std::string mapped;
  mapped.reserve(text.size() * 2);
  for (const char c : text) append_utf8(mapped, byte_characters()[static_cast<uint8_t>(c)]);
  return mapped;
}

int from_byte_level(char32_t c) noexcept {
  static const std::array<int16_t, 0x144> kBytes = [] {
    std::array<int16_t, 0x144> bytes{};
    bytes.fill(-1);
    for (size_t byte = 0; byte < 256; ++byte)
      bytes[byte_characters()[byte]] = static_cast<int16_t>(byte);
    return bytes;
  }();
  return c < kBytes.size() ? kBytes[c] : -1;
}

}  // namespace tandem
