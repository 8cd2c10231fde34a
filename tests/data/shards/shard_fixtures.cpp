#include "data/shards/shard_fixtures.h"

#include "io/tar/tar_writer.h"
#include "tandem/core/files.h"

namespace tandem {
namespace fs = std::filesystem;

std::string tar_of(const Members& members, bool ended) {
  std::string tar;
  for (const auto& [name, content] : members) tar += tar_member(name, content);
  return ended ? tar + tar_end() : tar;
}

void write_tar(const fs::path& path, const Members& members) { write_text(path, tar_of(members)); }

std::string picture_bytes(const std::string& extension, int seed) {
  const fs::path path = fs::temp_directory_path() /
                        ("tandem-picture-" + std::to_string(::getpid()) + "." + extension);
  write_picture(path, seed);
  std::string bytes = read_file(path);
  fs::remove(path);
  return bytes;
}

Members simple_members(int first, int last) {
  Members members;
  for (int i = first; i < last; ++i) {
    std::string key = std::to_string(i);
    key.insert(0, 9 - key.size(), '0');
    members.emplace_back(key + ".jpg", picture_bytes("jpg", i));
    members.emplace_back(key + ".txt", "picture " + std::to_string(i));
  }
  return members;
}

std::unique_ptr<Source> open_shards(const std::string& path, SourceOptions options) {
  options.kind = SourceKind::kWds;
  options.path = path;
  return open(options);
}

std::vector<std::string> keys_of(const Source& source) {
  std::vector<std::string> keys;
  for (int64_t i = 0; i < source.size(); ++i) {
    const std::string key = source.key(i);
    keys.push_back(key.substr(key.rfind(':') + 1));
  }
  return keys;
}

}  // namespace tandem
