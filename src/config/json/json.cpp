#include "config/json/json.h"

#include <cctype>

#include <fmt/format.h>

#include "config/json/strings.h"
#include "tandem/core/json_depth.h"

namespace tandem::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view word) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t start = i;
    while (i < word.size() && is_digit(word[i])) ++i;
    return i > start;
  };
  if (i < word.size() && word[i] == '-') ++i;
  const size_t integer = i;
  if (!digits() || (word[integer] == '0' && i > integer + 1)) return false;
  if (i < word.size() && word[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < word.size() && (word[i] == 'e' || word[i] == 'E')) {
    ++i;
    if (i < word.size() && (word[i] == '+' || word[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == word.size();
}

std::string show_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isprint(byte) != 0 ? fmt::format("`{}`", c) : fmt::format("byte 0x{:02X}", byte);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  JsonValue document() {
    if (text_.size() > kMaxJsonBytes) {
      fail(fmt::format("more than {} MB of JSON", kMaxJsonBytes >> 20));
    }
    if (text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF")) {
      fail("the text is UTF-16; save it as UTF-8");
    }
    if (text_.starts_with("\xEF\xBB\xBF")) offset_ = mark_ = 3;
    skip_space();
    if (at_end()) fail("nothing there: expected an object {…}");
    JsonValue value = parse_value(0);
    skip_space();
    if (!at_end()) fail(fmt::format("{} after the end of the value", show_byte(text_[offset_])));
    return value;
  }

 private:
  [[nodiscard]] bool at_end() const { return offset_ >= text_.size(); }
  [[nodiscard]] bool is_next(char c) const { return !at_end() && text_[offset_] == c; }

  // Moves on from the last place asked for: asking for every value stays linear in the text.
  Position here() {
    for (; mark_ < offset_ && mark_ < text_.size(); ++mark_) {
      if (text_[mark_] == '\n') {
        ++place_.line;
        place_.column = 1;
      } else if ((static_cast<unsigned char>(text_[mark_]) & 0xC0) != 0x80) {
        ++place_.column;
      }
    }
    return place_;
  }

  [[noreturn]] void fail(const std::string& what) { throw JsonError(here(), what); }

  void skip_space() {
    while (!at_end() && std::string_view(" \t\n\r").find(text_[offset_]) != std::string_view::npos)
      ++offset_;
    if (is_next('/') || is_next('#')) fail("JSON has no comments");
  }

  JsonValue parse_value(size_t depth) {
    if (++values_ > kMaxJsonValues) fail(fmt::format("more than {} values", kMaxJsonValues));
    if (at_end()) fail("the text ends where a value is expected");
    JsonValue value;
    value.at = here();
    switch (text_[offset_]) {
      case '{': parse_object(value, depth + 1); break;
      case '[': parse_array(value, depth + 1); break;
      case '"':
        value.kind = JsonKind::kString;
        value.text = parse_string();
        break;
      case '\'': fail("strings take double quotes");
      default: parse_word(value);
    }
    return value;
  }

  void open(size_t depth) {
    if (depth > kMaxJsonDepth) fail(fmt::format("nested deeper than {} levels", kMaxJsonDepth));
    ++offset_;
    skip_space();
  }

  // Returns whether another element follows.
  bool next_element(char close, const char* what) {
    skip_space();
    if (at_end()) fail(fmt::format("the text ends inside {}", what));
    if (is_next(close)) {
      ++offset_;
      return false;
    }
    if (!is_next(',')) {
      fail(fmt::format("expected `,` or `{}`, found {}", close, show_byte(text_[offset_])));
    }
    Position comma = here();
    ++offset_;
    skip_space();
    if (is_next(close)) throw JsonError(comma, fmt::format("comma before the closing `{}`", close));
    return true;
  }

  void parse_array(JsonValue& value, size_t depth) {
    value.kind = JsonKind::kArray;
    open(depth);
    if (is_next(']')) {
      ++offset_;
      return;
    }
    do value.items.push_back(parse_value(depth));
    while (next_element(']', "a list"));
  }

  void parse_object(JsonValue& value, size_t depth) {
    value.kind = JsonKind::kObject;
    open(depth);
    if (is_next('}')) {
      ++offset_;
      return;
    }
    do {
      if (at_end()) fail("the text ends inside an object");
      if (!is_next('"')) {
        fail(fmt::format("expected a key in double quotes, found {}", show_byte(text_[offset_])));
      }
      JsonMember member;
      member.at = here();
      member.key = parse_string();
      skip_space();
      if (!is_next(':')) fail(fmt::format("expected `:` after the key {}", quote_json(member.key)));
      ++offset_;
      skip_space();
      member.value = parse_value(depth);
      value.members.push_back(std::move(member));
    } while (next_element('}', "an object"));
  }

  void parse_word(JsonValue& value) {
    const size_t start = offset_;
    size_t end = start;
    while (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) != 0 ||
                                  std::string_view("+-._").find(text_[end]) != std::string::npos))
      ++end;
    const std::string_view word = text_.substr(start, end - start);
    if (word.empty()) fail(fmt::format("expected a value, found {}", show_byte(text_[start])));
    if (word == "null") {
      value.kind = JsonKind::kNull;
    } else if (word == "true" || word == "false") {
      value.kind = JsonKind::kBool;
    } else if (is_number(word)) {
      value.kind = JsonKind::kNumber;
    } else {
      fail(fmt::format("`{}` is not a JSON value", word.substr(0, 40)));
    }
    value.text = word;
    offset_ = end;
  }

  std::string parse_string() {
    const Position start = here();
    std::string out;
    ++offset_;
    while (!at_end()) {
      const char c = text_[offset_];
      if (c == '"') {
        ++offset_;
        return out;
      }
      if (c == '\\') {
        parse_escape(out);
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) {
        fail(fmt::format("{} inside a string; write it as an escape such as \\n or \\t",
                         c == '\n' ? "line break" : show_byte(c)));
      }
      const size_t length = utf8_length(text_.substr(offset_, 4));
      if (length == 0) fail(fmt::format("{} is not valid UTF-8", show_byte(c)));
      out.append(text_.substr(offset_, length));
      offset_ += length;
    }
    throw JsonError(start, "string without a closing quote");
  }

  void parse_escape(std::string& out) {
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = offset_ + 1 < text_.size() ? text_[offset_ + 1] : '\0';
    if (letter != 'u') {
      const size_t index = kLetters.find(letter);
      if (index == std::string_view::npos) fail("unknown escape; a backslash is written \\\\");
      out += kMeanings[index];
      offset_ += 2;
      return;
    }
    uint32_t code = parse_hex(offset_ + 2);
    size_t length = 6;
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(offset_ + 6, 2) == "\\u") {
      const uint32_t low = parse_hex(offset_ + 8);
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        length = 12;
      }
    }
    if (code >= 0xD800 && code < 0xE000) fail("half of a surrogate pair");
    if (code == 0) fail("a string must not hold the character NUL");
    append_utf8(out, code);
    offset_ += length;
  }

  uint32_t parse_hex(size_t start) {
    uint32_t code = 0;
    for (size_t i = start; i < start + 4; ++i) {
      const char c = i < text_.size() ? text_[i] : '\0';
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) fail("\\u takes four hex digits");
      code = code * 16 + static_cast<uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return code;
  }

  std::string_view text_;
  size_t offset_ = 0;
  size_t mark_ = 0;
  size_t values_ = 0;
  Position place_{1, 1};
};

}  // namespace

JsonValue parse_json(std::string_view text) { return Parser(text).document(); }

std::string show_json(const JsonValue& value) {
  switch (value.kind) {
    case JsonKind::kNull: return "null";
    case JsonKind::kArray: return fmt::format("a list of {}", value.items.size());
    case JsonKind::kObject: return "an object";
    case JsonKind::kBool: return value.text;
    case JsonKind::kNumber: return shorten(value.text);
    case JsonKind::kString: return quote_json(shorten(value.text)) + " (a text)";
  }
  return {};
}

}  // namespace tandem::config
