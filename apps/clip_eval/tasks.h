#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tandem/config/data_options.h"
#include "tandem/inference/pipeline.h"

namespace tandem::apps {

enum class TaskKind { kClassification, kRetrieval };

/// One entry of a task file.
struct Task {
  std::string name;   ///< The data set's name in the result.
  std::string where;  ///< Its file, place in it and name, for messages.
  TaskKind kind = TaskKind::kClassification;
  SourceOptions data;
  std::vector<std::string> templates;
  int64_t max_samples = 0;
  int64_t rerank = 0;  ///< As RetrievalOptions::rerank.
  std::string language = "en";
};

/// Reads a task file: a JSON array of {"name", "task", "data", "templates", "max_samples",
/// "language", "classes", "rerank"}, the last five optional. Throws kMissingInput, and kConfig with
/// every mistake at once.
[[nodiscard]] std::vector<Task> read_tasks(const std::filesystem::path& path);

/// What holds for all tasks of a file.
struct TaskContext {
  std::filesystem::path model_directory;  ///< As it is named in the records.
  bool allow_outside_root = false;
};

/// Runs every task and returns CLIP_benchmark-shaped records as a JSON array. All data is opened
/// and its classes are checked before anything is computed. Throws as the sources and evaluations
/// do, naming the task.
[[nodiscard]] std::string run_tasks(const std::vector<Task>& tasks, const Pipeline& pipeline,
                                    const TaskContext& context);

}  // namespace tandem::apps
