#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace tandem {

/// What went wrong, by what the caller can do about it. Each kind has one process exit code (see
/// exit_code).
enum class ErrorKind {
  kUsage,         ///< The call or the command line is wrong.
  kConfig,        ///< A configuration value is missing, unknown, mistyped or out of range.
  kData,          ///< The input exists but is damaged, or does not hold what it should.
  kMissingInput,  ///< An input file or folder does not exist or cannot be read.
  kDevice,        ///< The requested device is not there or cannot do what is asked.
  kCannotCreate,  ///< An output cannot be created.
  kIo,            ///< Reading or writing failed half-way: disk full, device error.
  kCheckpoint,    ///< A checkpoint or model file does not fit or is damaged.
  kDiverged,      ///< Training produced non-finite numbers too often, or has learnt nothing.
  kInterrupted,   ///< Stopped on request, or because another process of the run failed; the same
                  ///< command resumes from here.
  kInternal,      ///< A broken promise inside the library.
};

/// The parts of a message, so that none of them is forgotten. Empty parts are left out of the text.
struct ErrorText {
  std::string what;           ///< What is wrong, as a sentence without a full stop.
  std::string where = {};     ///< File, key, line, or sample: what the user can open.
  std::string expected = {};  ///< What would have been right.
  std::string found = {};     ///< What was there instead.
  std::string hint = {};      ///< What to try, as an imperative.
  std::string reason = {};    ///< Not part of the message: see Error::reason().
};

/// The only exception that the library throws on bad input, files, devices or configuration.
/// Its text reads `where: what: expected X, found Y. Try: hint.`, with control characters in
/// `where` escaped and long parts shortened. text() has every part whole. Copies share the parts
/// and do not throw.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, ErrorText text);
  Error(ErrorKind kind, std::string what) : Error(kind, ErrorText{.what = std::move(what)}) {}
  Error(const Error&) noexcept = default;
  Error& operator=(const Error&) noexcept = default;
  ~Error() override = default;

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

  /// The parts as they were given. Valid as long as a copy of this error exists.
  [[nodiscard]] const ErrorText& text() const noexcept { return *text_; }

  /// A short name for what is wrong that never changes, for programs: "missing file", "truncated
  /// JPEG". Lists and counts of invalid samples use it. It is `text().reason` or, if that is empty,
  /// default_reason(kind()). Valid as text() is.
  [[nodiscard]] std::string_view reason() const noexcept;

  /// Returns this error with `place` put before its `where`: "task 3: classes.txt: …".
  [[nodiscard]] Error within(const std::string& place) const;

  /// Returns this error with `note` as a further line of its message.
  [[nodiscard]] Error with_note(const std::string& note) const;

 private:
  Error(const std::string& message, ErrorKind kind, std::shared_ptr<const ErrorText> text);

  ErrorKind kind_;
  std::shared_ptr<const ErrorText> text_;
};

/// Returns the reason of errors of `kind` that have no narrower one, in the order of ErrorKind:
/// "wrong usage", "invalid configuration", "invalid data", "unreadable file", "unavailable device",
/// "cannot create", "read error" (a failed write has "write error"), "invalid checkpoint",
/// "diverged", "interrupted", "internal error".
[[nodiscard]] std::string_view default_reason(ErrorKind kind) noexcept;

/// Returns the process exit code of `kind`, after sysexits.h: 64 usage, 65 bad data, 66 missing
/// input, 69 device unavailable, 70 internal, 73 cannot create, 74 I/O, 75 interrupted but
/// resumable, 78 config, and 17 diverged.
[[nodiscard]] int exit_code(ErrorKind kind) noexcept;

}  // namespace tandem
