<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Http\Origin;
use Plasmd\Signed\Ed25519;

/** A worker: the key that you trust to sign its receipts, and where it is asked. */
final class Worker
{
    /** @var list<string> like http://192.0.2.1:8080 */
    public readonly array $origins;

    /** @param list<string> $origins */
    public function __construct(
        public readonly string $keyId,
        array $origins,
        /** 0 idle to 100 full, as it says itself. */
        public readonly int $load = 0,
    ) {
        Ed25519::publicKey($keyId);
        $this->origins = array_map(Origin::parse(...), $origins);
    }
}
