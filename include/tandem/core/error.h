#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

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
  kInterrupted,   ///< Stopped on request; the same command goes on from here.
  kInternal,      ///< A broken promise inside the library.
};

/// The parts of a message, so that none of them is forgotten. Empty parts are left out of the text.
struct ErrorText {
  std::string what;           ///< What is wrong, as a sentence without a full stop.
  std::string where = {};     ///< File, key, line, or sample: what the user can open.
  std::string expected = {};  ///< What would have been right.
  std::string found = {};     ///< What was there instead.
  std::string hint = {};      ///< What to try, as an imperative.
};

/// The only exception that the library throws on bad input, files, devices or configuration.
/// Its text reads `where: what: expected X, found Y. Try: hint.`, with control characters in
/// `where` escaped.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const ErrorText& text);
  Error(ErrorKind kind, std::string what) : Error(kind, ErrorText{.what = std::move(what)}) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

/// Returns the process exit code of `kind`, after sysexits.h: 64 usage, 65 bad data, 66 missing
/// input, 69 device unavailable, 70 internal, 73 cannot create, 74 I/O, 75 interrupted but
/// resumable, 78 config, and 17 diverged.
[[nodiscard]] int exit_code(ErrorKind kind) noexcept;

}  // namespace tandem
