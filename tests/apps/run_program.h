#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/temporary_folder.h"

namespace tandem::test {

/// What a program left behind.
struct ProgramResult {
  int exit_code = -1;  ///< 128 + n when signal n ended it.
  std::string out;
  std::string err;
};

/// Environment variables that a program gets besides those of the test.
using Variables = std::map<std::string, std::string>;

/// One of our programs in a process of its own, with both outputs kept in files.
class RunningProgram {
 public:
  /// Starts bin/`name` with `arguments`; `input` is its standard input.
  RunningProgram(const std::string& name, const std::vector<std::string>& arguments,
                 std::string_view input = {}, const Variables& variables = {});
  /// Kills it if it still runs.
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  /// Waits until standard error holds `part`; false when the program ends or a minute goes by
  /// first.
  [[nodiscard]] bool wait_for_note(const std::string& part);
  void send(int signal) const;
  /// Waits for the end.
  ProgramResult finish();

 private:
  [[nodiscard]] bool ended();

  TemporaryFolder folder_;
  int process_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

/// Runs bin/`name` to its end.
ProgramResult run_program(const std::string& name, const std::vector<std::string>& arguments,
                          std::string_view input = {});

/// Runs a shell command line in which `{bin}` stands for the programs' folder.
ProgramResult run_shell(std::string command);

}  // namespace tandem::test
