#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <array>
#include <cctype>

#include <fmt/format.h>
#include <pcre2.h>

#include "tandem/core/error.h"
#include "text/unicode.h"
#include "text/unicode_versions.h"

namespace tandem {
namespace {

constexpr uint32_t kMatchLimit = 10'000'000;

[[noreturn]] void reject(const std::string& where, const std::string& pattern, std::string what) {
  throw Error(ErrorKind::kCheckpoint,
              {.what = std::move(what), .where = where, .found = "\"" + pattern + "\""});
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

  /// \p{L} and \p{N} with the characters that are younger than PCRE2.
  void property(bool negated) {
    const size_t end = pattern_.find('}', at_);
    if (end == std::string::npos) reject(where_, pattern_, "a property is not closed");
    std::string name = pattern_.substr(at_ + 2, end - at_ - 2);
    at_ = end;
    if (name.starts_with('^')) {
      negated = !negated;
      name.erase(0, 1);
    }
    const uint16_t flag = name == "L" ? kLetter : name == "N" ? kNumber : name == "M" ? kMark : 0;
    if (flag == 0 || (negated && in_set_)) {
      out_ += (negated ? "\\P{" : "\\p{") + name + "}";
      return;
    }
    std::string members = "\\p{" + name + "}";
    for (const FlagDifference& each : flag_differences()) {
      if ((each.set & flag) == 0) continue;
      members += fmt::format("\\x{{{:X}}}-\\x{{{:X}}}", static_cast<uint32_t>(each.first),
                             static_cast<uint32_t>(each.last));
    }
    set_of(members, negated);
  }

  const std::string& pattern_;
  const std::string& where_;
  std::string out_;
  size_t at_ = 0;
  bool in_set_ = false;
};

}  // namespace

struct Regex::Code {
  std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code{nullptr, &pcre2_code_free};
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context{
      nullptr, &pcre2_match_context_free};
  std::string pattern;
};

Regex::Regex(const std::string& pattern, const std::string& where) {
  const std::string translated = Translation(pattern, where).run();
  auto made = std::make_shared<Code>();
  int error = 0;
  size_t offset = 0;
  made->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset,
                                 nullptr));
  if (!made->code) {
    std::array<PCRE2_UCHAR, 160> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    reject(where, pattern,
           std::string("the regular expression is not understood: ") +
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
    const int result = pcre2_match(code_->code.get(), subject, text.size(), at, PCRE2_NO_UTF_CHECK,
                                   data.get(), code_->context.get());
    if (result == PCRE2_ERROR_NOMATCH) return;
    if (result < 0) {
      throw Error(ErrorKind::kData,
                  {.what = "a regular expression of the tokenizer gave up on a text",
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
