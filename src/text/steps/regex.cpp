#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/steps/regex.h"

#include <array>
#include <cctype>

#include <fmt/format.h>
#include <pcre2.h>

#include "tandem/core/error.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

constexpr uint32_t kMatchLimit = 2'000'000;

[[noreturn]] void reject(const std::string& where, const std::string& pattern, std::string what) {
  throw Error(ErrorKind::kCheckpoint,
              {.what = std::move(what), .where = where, .found = "\"" + pattern + "\""});
}

using Compiled = std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)>;

/// Compiles an expression; null, with the reason, when it is wrong.
Compiled compile(const std::string& pattern, int& error) {
  size_t offset = 0;
  return {pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                        PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr),
          &pcre2_code_free};
}

/// Returns the characters that have the flag and that PCRE2, being of another Unicode version, does
/// not count among those of the property; as members of a set.
std::string young_members(const std::string& property, uint16_t flag) {
  int error = 0;
  const Compiled code = compile("\\p{" + property + "}", error);
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create(1, nullptr), &pcre2_match_data_free);
  const auto is_young = [&](char32_t c) {
    if (c >= 0x110000 || !has_flag(c, flag)) return false;
    std::string text;
    append_utf8(text, c);
    return pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                       PCRE2_NO_UTF_CHECK, data.get(), nullptr) < 0;
  };
  std::string members;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (!is_young(c)) continue;
    const char32_t first = c;
    while (is_young(c + 1)) ++c;
    members += fmt::format("\\x{{{:X}}}-\\x{{{:X}}}", static_cast<uint32_t>(first),
                           static_cast<uint32_t>(c));
  }
  return members;
}

/// Rewrites what Oniguruma and PCRE2 spell differently. In both, a set lists characters in [ ].
class Translation {
 public:
  Translation(const std::string& pattern, const std::string& where)
      : pattern_(pattern), where_(where) {}

  std::string run() {
    for (at_ = 0; at_ < pattern_.size(); ++at_) {
      const char c = pattern_[at_];
      if (c == '\\' && at_ + 1 < pattern_.size()) {
        escape();
      } else if (in_set_ && c == '[' && pattern_.compare(at_, 2, "[:") != 0) {
        reject(where_, pattern_, "a set inside a set is not supported in a regular expression");
      } else if (in_set_ && pattern_.compare(at_, 2, "&&") == 0) {
        reject(where_, pattern_, "an intersection of sets (&&) is not supported");
      } else {
        plain(c);
      }
    }
    return out_;
  }

 private:
  void plain(char c) {
    out_ += c;
    if (!in_set_ && c == '[') {
      in_set_ = true;
      // A bracket right at the start is a character.
      if (at_ + 1 < pattern_.size() && pattern_[at_ + 1] == '^') out_ += pattern_[++at_];
      if (at_ + 1 < pattern_.size() && pattern_[at_ + 1] == ']') {
        out_ += "\\]";
        ++at_;
      }
    } else if (in_set_ && c == '[') {
      const size_t end = pattern_.find(":]", at_);
      if (end == std::string::npos) reject(where_, pattern_, "a character class is not closed");
      out_.append(pattern_, at_ + 1, end + 2 - at_ - 1);
      at_ = end + 1;
    } else if (in_set_ && c == ']') {
      in_set_ = false;
    }
  }

  void set_of(const std::string& members, bool negated) {
    if (!in_set_) {
      out_ += (negated ? "[^" : "[") + members + "]";
    } else if (!negated) {
      out_ += members;
    } else {
      reject(where_, pattern_, "a negated class inside a set is not supported");
    }
  }

  void escape() {
    const char c = pattern_[++at_];
    if (c == 's') {
      out_ += "\\p{White_Space}";
    } else if (c == 'S') {
      out_ += "\\P{White_Space}";
    } else if (c == 'w' || c == 'W') {
      set_of("\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}", c == 'W');
    } else if (c == 'h' || c == 'H') {
      set_of("0-9a-fA-F", c == 'H');
    } else if ((c == 'p' || c == 'P') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] == '{') {
      property(c == 'P');
    } else {
      out_ += '\\';
      out_ += c;
    }
  }

  /// \p{L}, \p{N} and \p{M} with the characters that are newer than PCRE2.
  void property(bool negated) {
    const size_t end = pattern_.find('}', at_);
    if (end == std::string::npos) reject(where_, pattern_, "a property is not closed");
    std::string name = pattern_.substr(at_ + 2, end - at_ - 2);
    at_ = end;
    if (name.starts_with('^')) {
      negated = !negated;
      name.erase(0, 1);
    }
    static const std::string kYoungLetters = young_members("L", kLetter);
    static const std::string kYoungNumbers = young_members("N", kNumber);
    static const std::string kYoungMarks = young_members("M", kMark);
    const std::string* young = name == "L"   ? &kYoungLetters
                               : name == "N" ? &kYoungNumbers
                               : name == "M" ? &kYoungMarks
                                             : nullptr;
    if (young == nullptr || (negated && in_set_)) {
      out_ += (negated ? "\\P{" : "\\p{") + name + "}";
    } else {
      set_of("\\p{" + name + "}" + *young, negated);
    }
  }

  const std::string& pattern_;
  const std::string& where_;
  std::string out_;
  size_t at_ = 0;
  bool in_set_ = false;
};

}  // namespace

struct Regex::Code {
  Compiled code{nullptr, &pcre2_code_free};
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context{
      nullptr, &pcre2_match_context_free};
  std::string pattern;
};

Regex::Regex(const std::string& pattern, const std::string& where) {
  const std::string translated = Translation(pattern, where).run();
  auto made = std::make_shared<Code>();
  int error = 0;
  made->code = compile(translated, error);
  if (!made->code) {
    std::array<PCRE2_UCHAR, 160> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    reject(where, pattern,
           std::string("the regular expression does not compile: ") +
               reinterpret_cast<const char*>(message.data()));
  }
  pcre2_jit_compile(made->code.get(), PCRE2_JIT_COMPLETE);  // without it matching is slower only
  made->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(made->context.get(), kMatchLimit);
  made->pattern = pattern;
  code_ = std::move(made);
}

void Regex::for_each_match(std::string_view text,
                           const std::function<void(size_t, size_t)>& visit) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create(1, nullptr), &pcre2_match_data_free);
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  size_t at = 0;
  size_t last_end = SIZE_MAX;
  while (at <= text.size()) {
    const auto match = [&](uint32_t options) {
      return pcre2_match(code_->code.get(), subject, text.size(), at, options, data.get(),
                         code_->context.get());
    };
    int result = match(PCRE2_NO_UTF_CHECK);
    // Compiled matching has a small stack; the interpreter has the heap.
    if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = match(PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT);
    if (result == PCRE2_ERROR_NOMATCH) return;
    if (result < 0) {
      throw Error(ErrorKind::kData,
                  {.what = "a regular expression of the tokenizer exceeded its step limit",
                   .expected = fmt::format("at most {} steps", kMatchLimit),
                   .found = "\"" + code_->pattern + "\""});
    }
    const size_t* span = pcre2_get_ovector_pointer(data.get());
    const size_t begin = span[0];
    const size_t end = span[1];
    if (begin < end || begin != last_end) visit(begin, end);
    last_end = end;
    at = end;
    if (begin == end) {
      if (at == text.size()) return;
      at += code_point_at(text.data() + at).bytes;
    }
  }
}

}  // namespace tandem
