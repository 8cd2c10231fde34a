#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tandem {

/// A regular expression in the syntax that tokenizer files use (Oniguruma's, as far as PCRE2 shares
/// it), over valid UTF-8 with Unicode properties. Immutable: threads may share it.
class Regex {
 public:
  /// Throws kCheckpoint, with `where`, for an expression that is wrong or that means something else
  /// in the two engines (sets inside sets).
  Regex(const std::string& pattern, const std::string& where);

  /// Calls `visit(begin, end)` for each match from left to right. Throws kData when the expression
  /// needs too many steps on this text.
  void for_each_match(std::string_view text,
                      const std::function<void(size_t, size_t)>& visit) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

}  // namespace tandem
