// PAYMENT-SIGNATURE headers of strangers: what parses is refused unless it is signed.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mintmark/base/assert.hpp"
#include "mintmark/gateway/x402.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mintmark;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)gateway::Payment::from_header(text);
    if (const auto payment = gateway::Payment::from_header(gateway::to_base64(text))) {
        // Nobody guesses a signature: a fuzzer that gets by has found a hole.
        gateway::PaymentTerms wanted = payment->accepted;
        wanted.pay_to[0] ^= 1;
        MINTMARK_ASSERT(!gateway::check_payment(*payment, wanted, 1'000, 1));
        (void)gateway::check_payment(*payment, payment->accepted, 1'000, 1);
        (void)payment->wallet_signature();
    }
    return 0;
}
