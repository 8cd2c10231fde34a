#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tandem/config/data_options.h"

namespace tandem {

/// Returns the lines of a text file of class names: line n, counted from 0, belongs to label n. A
/// byte order mark, white space around a line, and empty lines at the end of the file go. Throws
/// kData for an empty line before that, with its number, for what is not UTF-8, and for a file
/// without lines; and as read_file.
[[nodiscard]] std::vector<std::string> read_class_file(const std::filesystem::path& file);

/// Returns the names of a shard's labels, as words ("_" is a space): those of options.class_names,
/// else of classes.txt or classnames.txt beside `shard`; none where no such file is there. Throws
/// as read_class_file.
[[nodiscard]] std::vector<std::string> class_names_of_shards(const SourceOptions& options,
                                                             const std::filesystem::path& shard);

/// Returns the names of class folders in the order of `folders`, as words: those given in
/// options.classes or the file options.class_names, either as "folder<TAB>name" (or a blank or a
/// comma between the two, as in ImageNet's lists) or as one name for each folder in their order;
/// without either, the folders' own. Throws kData when a folder gets no name, and as
/// read_class_file.
[[nodiscard]] std::vector<std::string> names_of_folders(const SourceOptions& options,
                                                        const std::vector<std::string>& folders);

}  // namespace tandem
