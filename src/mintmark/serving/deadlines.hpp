// Deadlines of sockets: one look at all of them every twentieth of a second, instead of a timer
// that is set and taken back for every read and write.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace mintmark::serving {

/// One per loop (asio::use_service); its timer runs only while something waits.
class Deadlines final : public boost::asio::execution_context::service {
  public:
    using Clock = std::chrono::steady_clock;
    static inline boost::asio::execution_context::id id = {};
    static constexpr auto kLook = std::chrono::milliseconds(50);

    /// Something that can be late. It must leave before it dies.
    class Watched {
      public:
        Watched() = default;
        virtual ~Watched() = default;
        Watched(const Watched&) = delete;
        Watched& operator=(const Watched&) = delete;
        /// Called once its time is over; what is in progress must end.
        virtual void expire() = 0;
        Clock::time_point until = Clock::time_point::max();

      private:
        friend class Deadlines;
        std::size_t place_ = 0;
        std::size_t count_ = 0;  ///< of what is in progress
    };

    explicit Deadlines(boost::asio::execution_context& context)
        : service(context), timer_(static_cast<boost::asio::io_context&>(context)) {}
    void enter(Watched& one);
    void leave(Watched& one);

  private:
    void shutdown() noexcept override;
    void look();
    void wait();

    std::optional<boost::asio::steady_timer> timer_;
    std::vector<Watched*> watched_;
    bool is_waiting_ = false;
};

}  // namespace mintmark::serving
