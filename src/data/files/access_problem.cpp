#include "data/files/access_problem.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace tandem {

std::string access_problem(const std::string& path, int error) {
  const std::string problem = std::strerror(error);
  struct stat info {};
  if (error != EACCES || ::stat(path.c_str(), &info) != 0) return problem;
  return fmt::format("{} (mode {:04o}, owner uid {}, we are uid {})", problem,
                     info.st_mode & 07777U, info.st_uid, ::geteuid());
}

}  // namespace tandem
