#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/csrc/distributed/c10d/Store.hpp>

#include "tandem/core/error.h"

namespace tandem {

/// The place of a process, and how long it waits for the others.
struct PeerOptions {
  int64_t rank = 0;
  int64_t world_size = 1;
  bool hosts_store = false;
  std::chrono::milliseconds timeout{};
  std::string build = {};  ///< Must be the same on every rank.
  std::string host = {};   ///< Named in messages.
};

struct PeerState;

/// Tells which rank is the reason when an exchange fails. A thread of every process writes a sign
/// of life, with the number of exchanges so far, to the store twice a second. All ranks name the
/// same one: the first to find out writes it to the store. For one thread.
class PeerWatch {
 public:
  /// Returns when every rank is there. Throws kInterrupted with the missing ranks, and kUsage where
  /// builds differ.
  PeerWatch(const c10::intrusive_ptr<c10d::Store>& store, PeerOptions options);
  /// Where it hosts the store, it first waits for the others to leave, five seconds at most. Where
  /// the store is gone, it tells nobody.
  ~PeerWatch();
  PeerWatch(const PeerWatch&) = delete;
  PeerWatch& operator=(const PeerWatch&) = delete;

  /// Called when an exchange begins.
  void count_exchange() noexcept;
  /// Returns the error for an exchange that failed with `reason`. Takes a few seconds.
  [[nodiscard]] Error diagnose(const std::string& reason);

 private:
  void wait_for_all();
  void read_names();
  [[nodiscard]] Error error_of(const std::string& fault) const;

  PeerOptions options_;
  c10::intrusive_ptr<c10d::Store> server_;  // On the rank that hosts it. A clone is a client.
  c10::intrusive_ptr<c10d::Store> store_;
  std::vector<std::string> hosts_;
  bool store_is_gone_ = false;
  std::shared_ptr<PeerState> state_;  // Also of the threads, which may outlive this.
};

}  // namespace tandem
