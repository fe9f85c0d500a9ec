<?php

declare(strict_types=1);

namespace Plasmd\Tests\Signed;

use PHPUnit\Framework\TestCase;
use Plasmd\Exception\MalformedException;
use Plasmd\Signed\Ed25519;
use Plasmd\Tests\Support\Jobs;
use Plasmd\Tests\Support\Vectors;

final class Ed25519Test extends TestCase
{
    public function testTheWycheproofVectorsVerifyAsTheyShould(): void
    {
        $file = Vectors::path('ed25519_wycheproof.json');
        if ($file === null) {
            self::markTestSkipped('no vectors at ../shared/vectors/ed25519_wycheproof.json');
        }
        $count = 0;
        foreach (json_decode((string) file_get_contents($file), true)['testGroups'] as $group) {
            $key = (string) hex2bin($group['publicKey']['pk']);
            foreach ($group['tests'] as $test) {
                $valid = Ed25519::verify((string) hex2bin($test['sig']), (string) hex2bin($test['msg']), $key);
                self::assertSame($test['result'] === 'valid', $valid, "test {$test['tcId']}: {$test['comment']}");
                $count++;
            }
        }
        self::assertGreaterThan(100, $count);
    }

    public function testKeysOfSmallOrderAndOtherSpellingsAreNoGoodPoints(): void
    {
        $bad = [
            '0100000000000000000000000000000000000000000000000000000000000000',
            '0000000000000000000000000000000000000000000000000000000000000000',
            '0000000000000000000000000000000000000000000000000000000000000080',
            '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
            'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
            'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
            'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
            'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
            'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
        ];
        foreach ($bad as $hex) {
            self::assertFalse(Ed25519::isGoodPoint((string) hex2bin($hex)), $hex);
        }
        self::assertFalse(Ed25519::isGoodPoint(''));
        self::assertTrue(Ed25519::isGoodPoint(Ed25519::publicKey(Jobs::worker()->keyId)));
    }

    public function testASignatureIsForOneMessageAndOneKey(): void
    {
        $identity = Jobs::worker();
        $key = Ed25519::publicKey($identity->keyId);
        $signature = $identity->sign('a message');
        self::assertTrue(Ed25519::verify($signature, 'a message', $key));
        self::assertFalse(Ed25519::verify($signature, 'another', $key));
        self::assertFalse(Ed25519::verify($signature, 'a message', Ed25519::publicKey(Jobs::submitter()->keyId)));
        self::assertFalse(Ed25519::verify(substr($signature, 1), 'a message', $key));
        for ($i = 0; $i < 512; $i += 7) {
            $changed = $signature;
            $changed[$i >> 3] = chr(ord($changed[$i >> 3]) ^ (1 << ($i & 7)));
            self::assertFalse(Ed25519::verify($changed, 'a message', $key), "bit $i");
        }
    }

    public function testAKeyidHasOneSpelling(): void
    {
        $keyId = Jobs::worker()->keyId;
        self::assertSame($keyId, Ed25519::keyId(Ed25519::publicKey($keyId)));
        foreach ([strtoupper($keyId), substr($keyId, 8), "$keyId\n", substr($keyId, 0, -1), "{$keyId}0", ''] as $bad) {
            try {
                Ed25519::publicKey($bad);
                self::fail("it was read: $bad");
            } catch (MalformedException $thrown) {
                self::assertSame('malformed', $thrown->problem);
            }
        }
    }
}
