#include "data/shards/pipe_spool.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "core/staging.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kShellCharacters = "|&;<>()$`*?[~#\n";

/// A file that goes unless it is kept.
class Staging {
 public:
  explicit Staging(const fs::path& target)
      : path_(staging_name(target)), mark_(path_), descriptor_(create(path_)) {
    if (descriptor_ >= 0) return;
    throw Error(ErrorKind::kCannotCreate,
                {.what = "cannot create", .where = path_.string(), .found = std::strerror(errno)});
  }
  ~Staging() {
    if (descriptor_ >= 0) ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

  void keep_as(const fs::path& target) {
    const bool good = ::fsync(descriptor_) == 0 && std::rename(path_.c_str(), target.c_str()) == 0;
    if (good) return;
    throw Error(ErrorKind::kIo, {.what = "cannot store the output of a command",
                                 .where = target.string(),
                                 .found = std::strerror(errno),
                                 .reason = "write error"});
  }

 private:
  static int create(const fs::path& path) {
    const auto lock = lock_staging();
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  }

  fs::path path_;
  StagingMark mark_;
  int descriptor_;
};

/// Runs a program with its output in `output`; returns what waitpid says.
int run(const std::vector<std::string>& words, int output, const std::string& command) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t child = 0;
  const int error =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw Error(ErrorKind::kMissingInput, {.what = "cannot run the command of a shard",
                                           .where = command,
                                           .found = std::strerror(error)});
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

std::vector<std::string> split_command(const std::string& command) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == 0 && (c == ' ' || c == '\t')) {
      in_word = false;
      continue;
    }
    const bool special = quote == '"' ? c == '$' || c == '`'
                                      : quote == 0 && kShellCharacters.find(c) != std::string::npos;
    if (special) return {};
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'') {
      if (++i == command.size()) return {};
      words.back() += command[i];
    } else {
      words.back() += c;
    }
  }
  const bool assigns = !words.empty() && words[0].find('=') != std::string::npos;
  return quote != 0 || assigns ? std::vector<std::string>{} : words;
}

fs::path spool_pipe(const std::string& command, const fs::path& cache) {
  tandem::create_directories(cache);
  const fs::path target = cache / (content_hash(command) + ".tar");
  std::error_code ignored;
  if (fs::exists(target, ignored)) return target;
  log_info(fmt::format("Fetching a shard: {}", command));
  std::vector<std::string> words = split_command(command);
  if (words.empty()) words = {"/bin/sh", "-c", command};
  clear_leftovers_of(target);
  Staging staging(target);
  const int status = run(words, staging.descriptor(), command);
  if (status != 0) {
    throw Error(ErrorKind::kData,
                {.what = "the command of a shard failed",
                 .where = command,
                 .found = WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                                              : fmt::format("status {}", WEXITSTATUS(status)),
                 .hint = "run it by hand to see why"});
  }
  staging.keep_as(target);
  return target;
}

}  // namespace tandem
