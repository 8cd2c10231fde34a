#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tandem {

/// Changes $HOME while it lives.
class HomeFolder {
 public:
  explicit HomeFolder(const std::filesystem::path& path) {
    if (const char* home = std::getenv("HOME")) before_ = home;
    ::setenv("HOME", path.c_str(), 1);
  }
  ~HomeFolder() { ::setenv("HOME", before_.c_str(), 1); }
  HomeFolder(const HomeFolder&) = delete;
  HomeFolder& operator=(const HomeFolder&) = delete;

 private:
  std::string before_;
};

}  // namespace tandem
