#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "data/fixtures.h"

namespace tandem {

/// Members of a tar, in order: name and content.
using Members = std::vector<std::pair<std::string, std::string>>;

/// The members one behind the other, with the end of a tar unless `ended` is false.
std::string tar_of(const Members& members, bool ended = true);
void write_tar(const std::filesystem::path& path, const Members& members);

/// A picture file's bytes; `seed` decides the pattern.
std::string picture_bytes(const std::string& extension, int seed = 0);

/// jpg and txt of samples [first, last), called 000000000 and so on.
Members simple_members(int first, int last);

/// Opens shards as the kind wds.
std::unique_ptr<Source> open_shards(const std::string& path, SourceOptions options = {});

/// Keys behind the colon, of all samples.
std::vector<std::string> keys_of(const Source& source);

}  // namespace tandem
