// A node of go-libp2p that joins a network of ours and reports what it finds, as JSON on stdout.
// With -provide it provides the image's key too, and answers with a record of its own.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	"github.com/multiformats/go-multiaddr"
	mh "github.com/multiformats/go-multihash"
	"github.com/multiformats/go-varint"
)

const protocol = "/phase/provider/1.0.0"

// Record is the payload of an envelope: JSON that we only pass on.
type Record struct{ Payload []byte }

func (*Record) Domain() string                   { return "phase-provider" }
func (*Record) Codec() []byte                    { return []byte(protocol) }
func (r *Record) MarshalRecord() ([]byte, error) { return r.Payload, nil }
func (r *Record) UnmarshalRecord(bytes []byte) error {
	r.Payload = bytes
	return nil
}

// Any accepts every value, as our own nodes judge them.
type Any struct{}

func (Any) Validate(string, []byte) error        { return nil }
func (Any) Select(string, [][]byte) (int, error) { return 0, nil }

type found struct {
	Peer    string          `json:"peer"`
	Record  json.RawMessage `json:"record"`
	Problem string          `json:"problem,omitempty"`
}

type report struct {
	Peer      string   `json:"peer"`
	Addresses []string `json:"addresses"`
	Value     string   `json:"value"`
	Providers []found  `json:"providers"`
}

func main() {
	bootstrap := flag.String("bootstrap", "", "multiaddr")
	key := flag.String("key", "", "the image's key")
	provide := flag.String("provide", "", "the record to answer with")
	flag.Parse()
	if err := run(*bootstrap, *key, *provide); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(bootstrap, key, provide string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"))
	if err != nil {
		return err
	}
	defer h.Close()
	kad, err := dht.New(h, dht.ProtocolPrefix("/phase"), dht.NamespacedValidator("phase", Any{}), dht.Mode(dht.ModeServer))
	if err != nil {
		return err
	}
	address, err := multiaddr.NewMultiaddr(bootstrap)
	if err != nil {
		return err
	}
	info, err := peer.AddrInfoFromP2pAddr(address)
	if err != nil {
		return err
	}
	if err := h.Connect(ctx, *info); err != nil {
		return err
	}
	for kad.RoutingTable().Size() == 0 {
		time.Sleep(20 * time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	sum, err := mh.Sum([]byte(key), mh.SHA2_256, -1)
	if err != nil {
		return err
	}
	id := cid.NewCidV1(cid.Raw, sum)
	if provide != "" {
		return serve(ctx, h, kad, id, provide)
	}
	out := report{Peer: h.ID().String()}
	value, err := kad.GetValue(ctx, key)
	if err != nil {
		return fmt.Errorf("value: %w", err)
	}
	out.Value = string(value)
	for provider := range kad.FindProvidersAsync(ctx, id, 20) {
		out.Providers = append(out.Providers, ask(ctx, h, provider, key))
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func ask(ctx context.Context, h host.Host, provider peer.AddrInfo, key string) found {
	one := found{Peer: provider.ID.String()}
	payload, err := recordOf(ctx, h, provider, key)
	if err != nil {
		one.Problem = err.Error()
	}
	one.Record = payload
	return one
}

func recordOf(ctx context.Context, h host.Host, provider peer.AddrInfo, key string) ([]byte, error) {
	if err := h.Connect(ctx, provider); err != nil {
		return nil, err
	}
	stream, err := h.NewStream(ctx, provider.ID, protocol)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	if _, err := stream.Write(append(varint.ToUvarint(uint64(len(key))), key...)); err != nil {
		return nil, err
	}
	if err := stream.CloseWrite(); err != nil {
		return nil, err
	}
	bytes, err := io.ReadAll(io.LimitReader(stream, 8192))
	if err != nil {
		return nil, err
	}
	length, size, err := varint.FromUvarint(bytes)
	if err != nil || int(length) != len(bytes)-size {
		return nil, fmt.Errorf("the answer is not framed: %d bytes", len(bytes))
	}
	var opened Record
	envelope, err := record.ConsumeTypedEnvelope(bytes[size:], &opened)
	if err != nil {
		return nil, err
	}
	signer, err := peer.IDFromPublicKey(envelope.PublicKey)
	if err != nil || signer != provider.ID {
		return nil, fmt.Errorf("signed by %s", signer)
	}
	return opened.Payload, nil
}

// serve provides the key and answers until stdin ends.
func serve(ctx context.Context, h host.Host, kad *dht.IpfsDHT, id cid.Cid, payload string) error {
	var key crypto.PrivKey = h.Peerstore().PrivKey(h.ID())
	h.SetStreamHandler(protocol, func(stream network.Stream) {
		defer stream.Close()
		envelope, err := record.Seal(&Record{[]byte(payload)}, key)
		if err != nil {
			return
		}
		bytes, err := envelope.Marshal()
		if err != nil {
			return
		}
		stream.Write(append(varint.ToUvarint(uint64(len(bytes))), bytes...))
	})
	if err := kad.Provide(ctx, id, true); err != nil {
		return err
	}
	out := report{Peer: h.ID().String()}
	for _, address := range h.Addrs() {
		out.Addresses = append(out.Addresses, address.String())
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		return err
	}
	_, err := io.ReadAll(os.Stdin)
	return err
}
