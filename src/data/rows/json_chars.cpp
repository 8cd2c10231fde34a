#include "data/rows/json_chars.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/json_depth.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

constexpr size_t kLongestWord = 16;  // beyond every word that JSON or Python has

[[noreturn]] void reject(ErrorText text) {
  text.reason = "bad record";
  throw Error(ErrorKind::kData, std::move(text));
}

bool is_letter(int c) { return c != JsonChars::kEnd && std::isalpha(c) != 0; }

bool is_python_number(const std::string& word) {
  return word == "NaN" || word == "Infinity" || word == "-Infinity";
}

/// Whether `text` could hold one of Python's words.
bool may_hold_python_number(const std::string& text) {
  return text.find("NaN") != std::string::npos || text.find("Infinity") != std::string::npos;
}

}  // namespace

int JsonChars::take() {
  const int c = is_held_ ? held_ : next_();
  is_held_ = false;
  if (c == '\n') {
    ++line_;
    column_ = 0;
  } else {
    ++column_;
  }
  return c;
}

int JsonChars::peek() {
  if (!is_held_) held_ = next_();
  is_held_ = true;
  return held_;
}

int JsonChars::get() {
  if (word_next_ < word_.size()) return static_cast<unsigned char>(word_[word_next_++]);
  const int c = take();
  if (in_string_) {
    if (c == '"' && !escaped_) in_string_ = false;
    escaped_ = c == '\\' && !escaped_;
    return c;
  }
  in_string_ = c == '"';
  escaped_ = false;
  if (c != 'N' && c != 'I' && c != '-') return c;
  word_.assign(1, static_cast<char>(c));
  while (word_.size() < kLongestWord && is_letter(peek())) word_ += static_cast<char>(take());
  if (is_python_number(word_)) word_ = "null";
  word_next_ = 1;
  return static_cast<unsigned char>(word_[0]);
}

void JsonGuard::see(Json::parse_event_t event, const Json& value) {
  using Event = Json::parse_event_t;
  if (event == Event::object_start || event == Event::array_start) {
    if (keys_.size() == kMaxJsonDepth)
      reject({.what = fmt::format("JSON nested deeper than {}", kMaxJsonDepth)});
    keys_.emplace_back();
  } else if (event == Event::key) {
    keys_.back().push_back(value.get_ref<const std::string&>());
  } else if (event == Event::object_end || event == Event::array_end) {
    std::vector<std::string>& keys = keys_.back();
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end())
      reject({.what = fmt::format("the key {} appears twice", in_quotes(*twice))});
    keys_.pop_back();
  }
}

Json parse_json_record(const std::string& text) {
  if (!is_utf8(text)) {
    throw Error(ErrorKind::kData,
                {.what = "not UTF-8", .hint = "save the file as UTF-8", .reason = "not UTF-8"});
  }
  JsonGuard guard;
  const auto see = [&guard](int, Json::parse_event_t event, const Json& value) {
    guard.see(event, value);
    return true;
  };
  try {
    if (!may_hold_python_number(text)) return Json::parse(text, see);
    size_t at = 0;
    JsonChars chars([&] {
      return at < text.size() ? static_cast<unsigned char>(text[at++]) : JsonChars::kEnd;
    });
    return Json::parse(JsonCharIterator(chars), JsonCharIterator(), see);
  } catch (const Json::parse_error& error) {
    reject({.what = "not valid JSON", .found = fmt::format("an error at byte {}", error.byte)});
  } catch (const Json::out_of_range&) {
    reject({.what = "not valid JSON", .found = "an infinite number"});
  }
}

}  // namespace tandem
