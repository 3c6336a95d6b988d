// Says on a terminal that a command still works.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace appcore::model_commands {

// From the second second on, a line on standard error that counts the seconds, and is erased at the
// end. Nothing where standard error is not a terminal.
class Progress {
  public:
    explicit Progress(std::string what);
    ~Progress() = default;
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

  private:
    void show(const std::stop_token& stop);

    std::string what_;
    std::mutex mutex_;
    std::condition_variable_any stopped_;
    std::jthread thread_;  // the last member: it uses the others
};

}  // namespace appcore::model_commands
