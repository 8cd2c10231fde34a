#include "train/run/manifest.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/library_error.h"
#include "tandem/version.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

constexpr const char* kManifest = "manifest.json";
constexpr double kSpaceMargin = 1.2;

std::optional<std::string> compare(const fs::path& file, const Json& expected) {
  const std::string name = file.filename().string();
  std::error_code error;
  const uintmax_t bytes = fs::file_size(file, error);
  if (error) return name + " is missing";
  const auto expected_bytes = expected.at("bytes").get<uintmax_t>();
  if (bytes != expected_bytes)
    return fmt::format("{} has {} bytes instead of {}", name, bytes, expected_bytes);
  if (file_hash(file) != expected.at("xxh3").get<std::string>())
    return name + " is damaged: its hash differs";
  return std::nullopt;
}

void check_version(const fs::path& directory, const Json& manifest) {
  const auto version = manifest.at("format_version").get<int64_t>();
  if (version == kCheckpointFormat) return;
  throw Error(ErrorKind::kCheckpoint,
              {.what = "checkpoint has another format version",
               .where = directory.string(),
               .expected = std::to_string(kCheckpointFormat),
               .found = fmt::format("{}, written by tandem {}", version,
                                    manifest.value("tandem_version", "of an unknown version")),
               .hint = "the version of tandem that wrote it"});
}

}  // namespace

void write_manifest(const fs::path& directory, const FileHashes& hashes) {
  Json files = Json::object();
  for (const auto& [name, hash] : hashes) {
    std::error_code error;
    files[name] = {{"bytes", fs::file_size(directory / name, error)}, {"xxh3", hash}};
    if (error) {
      throw Error(ErrorKind::kIo, {.what = "cannot read",
                                   .where = (directory / name).string(),
                                   .found = describe_system_error(error.value())});
    }
  }
  const Json manifest = {{"format_version", kCheckpointFormat},
                         {"tandem_version", kVersion},
                         {"files", std::move(files)}};
  FileWriter writer(directory / kManifest);
  writer.write(manifest.dump(2) + "\n");
  writer.commit();
}

bool has_manifest(const fs::path& directory) {
  std::error_code error;
  return fs::is_regular_file(directory / kManifest, error);
}

std::optional<std::string> find_damage(const fs::path& directory) {
  if (!has_manifest(directory)) return "manifest.json is missing";
  try {
    const Json manifest = Json::parse(read_file(directory / kManifest));
    check_version(directory, manifest);
    for (const auto& [name, expected] : manifest.at("files").items()) {
      if (auto damage = compare(directory / name, expected)) return damage;
    }
  } catch (const Json::exception& problem) {
    return fmt::format("manifest.json is damaged: {}", library_error(problem).what());
  }
  return std::nullopt;
}

void require_free_space(const fs::path& folder, uint64_t bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) return;  // a file system that cannot tell is found out by writing
  const double needed = kSpaceMargin * static_cast<double>(bytes);
  if (static_cast<double>(space.available) >= needed) return;
  constexpr double kMegabyte = 1e6;
  throw Error(ErrorKind::kIo,
              {.what = "not enough space for a checkpoint",
               .where = folder.string(),
               .expected = fmt::format("{:.1f} MB free", needed / kMegabyte),
               .found = fmt::format("{:.1f} MB", static_cast<double>(space.available) / kMegabyte),
               .hint = "another run.output_dir, or a smaller train.keep_last",
               .reason = "no space"});
}

}  // namespace tandem
