<?php

declare(strict_types=1);

namespace Plasmd\Signed;

use Plasmd\Exception\MalformedException;
use Plasmd\Exception\UntrustedException;
use Plasmd\Identity;
use Plasmd\Json\Canonical;
use Plasmd\Json\Jcs;
use Plasmd\Json\Members;

/** A kind of document that one key signs, which it names: jobs, cancels, receipts. */
final class Document
{
    /** @param list<string> $members all but the version, the signer and the signatures */
    public function __construct(
        /** For messages. */
        public readonly string $what,
        /** What is signed says first what it is, so that no signature fits two kinds. */
        public readonly string $prefix,
        /** The member that holds the version, which is 1. */
        public readonly string $version,
        /** The member that names the signer. */
        public readonly string $signer,
        public readonly array $members,
        /** Bytes. */
        public readonly int $max,
    ) {
    }

    /** The bytes of the document with the signature of the identity, which it must name. */
    public function seal(\stdClass $fields, Identity $identity): string
    {
        if (($fields->{$this->signer} ?? null) !== $identity->keyId) {
            throw new MalformedException("Cannot sign the $this->what: it names another key");
        }
        Canonical::checkValue($fields, $this->what);
        $whole = clone $fields;
        $whole->{$this->version} = 1;
        $signature = $identity->sign($this->signedBytes($whole));
        $whole->signatures = [(object) ['keyid' => $identity->keyId, 'sig' => base64_encode($signature)]];
        return Jcs::encode($whole);
    }

    /** Reads the bytes, which are canonical or refused; says nothing of the signature yet. */
    public function parse(string $bytes): \stdClass
    {
        $object = Canonical::parse($bytes, $this->what, $this->max);
        $members = $this->membersOf($object);
        $members->whole($this->version, 1, 1);
        $members->only($this->version, $this->signer, 'signatures', ...$this->members);
        $members->keyId($this->signer);
        return $object;
    }

    /** Readers of the members. */
    public function membersOf(\stdClass $object): Members
    {
        return new Members($object, $this->what);
    }

    /** Checks that the key which the document names has signed it, and nobody else. */
    public function checkSigner(\stdClass $object): void
    {
        $entries = $this->membersOf($object)->list('signatures');
        // Exactly one, so that one document has one byte string.
        if (count($entries) !== 1 || !$entries[0] instanceof \stdClass) {
            throw new UntrustedException("The $this->what is not signed by its $this->signer alone");
        }
        $entry = new Members($entries[0], $this->what, 'signatures[0].');
        $entry->only('keyid', 'sig');
        $signature = $entry->base64('sig', SODIUM_CRYPTO_SIGN_BYTES);
        $keyId = $entry->keyId('keyid');
        if ($keyId !== $object->{$this->signer}) {
            throw new UntrustedException("The $this->what is not signed by its $this->signer alone");
        }
        if (!Ed25519::verify($signature, $this->signedBytes($object), Ed25519::publicKey($keyId))) {
            throw new UntrustedException("The signature of the $this->what is not valid");
        }
    }

    /** The id: the hash of what is signed, so that it stands for every member. */
    public function id(\stdClass $object): string
    {
        return 'sha256:' . hash('sha256', $this->signedBytes($object));
    }

    private function signedBytes(\stdClass $object): string
    {
        $rest = clone $object;
        unset($rest->signatures);
        return $this->prefix . Jcs::encode($rest);
    }
}
