#include "apps/run_program.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tandem::test {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void redirect(const fs::path& file, int flags, int target) {
  const int descriptor = ::open(file.c_str(), flags, 0600);
  if (descriptor < 0 || ::dup2(descriptor, target) < 0) ::_exit(127);
}

}  // namespace

RunningProgram::RunningProgram(const std::string& name, const std::vector<std::string>& arguments,
                               std::string_view input, const Variables& variables) {
  std::ofstream(folder_ / "in", std::ios::binary) << input;
  std::vector<std::string> words = {
      name.find('/') == std::string::npos ? std::string(TANDEM_BIN_DIR) + "/" + name : name};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("cannot start a process");
  if (process_ > 0) return;
  redirect(folder_ / "in", O_RDONLY, STDIN_FILENO);
  redirect(folder_ / "out", O_WRONLY | O_CREAT, STDOUT_FILENO);
  redirect(folder_ / "err", O_WRONLY | O_CREAT, STDERR_FILENO);
  ::unsetenv("TANDEM_SET");
  for (const auto& [variable, value] : variables)
    ::setenv(variable.c_str(), value.c_str(), /*overwrite=*/1);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

RunningProgram::~RunningProgram() {
  if (!ended()) {
    send(SIGKILL);
    finish();
  }
}

bool RunningProgram::ended() {
  if (!ended_) ended_ = ::waitpid(process_, &status_, WNOHANG) == process_;
  return ended_;
}

bool RunningProgram::wait_for_note(const std::string& part) {
  for (int i = 0; i < 6000; ++i) {
    if (content(folder_ / "err").find(part) != std::string::npos) return true;
    if (ended()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

void RunningProgram::send(int signal) const { ::kill(process_, signal); }

ProgramResult RunningProgram::finish() {
  if (!ended_) ended_ = ::waitpid(process_, &status_, 0) == process_;
  const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  return {.exit_code = code, .out = content(folder_ / "out"), .err = content(folder_ / "err")};
}

ProgramResult run_program(const std::string& name, const std::vector<std::string>& arguments,
                          std::string_view input) {
  return RunningProgram(name, arguments, input).finish();
}

ProgramResult run_shell(std::string command) {
  const std::string mark = "{bin}";
  for (size_t at = command.find(mark); at != std::string::npos; at = command.find(mark, at))
    command.replace(at, mark.size(), TANDEM_BIN_DIR);
  return run_program("/bin/sh", {"-c", command});
}

}  // namespace tandem::test
