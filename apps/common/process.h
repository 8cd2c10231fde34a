#pragma once

namespace tandem::apps {

/// Puts /dev/null in the place of each standard stream that is closed, so that no file that is
/// opened later takes its number and receives what is meant for a terminal. First in main.
void open_standard_streams();

/// From now on SIGINT, SIGTERM and SIGHUP end the program only after what it has half-written is
/// removed; a second one ends it at once. Signals that are ignored (nohup) stay so.
void clean_up_on_signals();

/// Ends the program as these signals do. Async-signal-safe; returns before it has ended.
void end_by_signal(int signal) noexcept;

}  // namespace tandem::apps
