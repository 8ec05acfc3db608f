# frozen_string_literal: true

# A TLS server that asks for a client certificate: prints its port, then for the one client that comes `accepted`
# or `refused`. It takes its certificate and key from the standard input, and activates the gem where it is installed.
#
#     ruby server.rb FEATURE params|store
#     ruby server.rb FEATURE used URL                            with the default store, after a request
#     ruby server.rb FEATURE file|before|after|default CA-FILE   with roots of its own

require 'net/http'
require 'openssl'
require 'socket'

feature, kind, place = ARGV

begin
  require feature
rescue LoadError => e
  raise unless e.path == feature
end

MODE = OpenSSL::SSL::VERIFY_PEER | OpenSSL::SSL::VERIFY_FAIL_IF_NO_PEER_CERT
ROOTS = {
  'params' => -> { {} },
  'store' => -> { { cert_store: OpenSSL::X509::Store.new.tap(&:set_default_paths) } },
  'used' => -> { Net::HTTP.get(URI(place)).then { {} } },
  'file' => -> { { ca_file: place } },
  'before' => -> { { cert_store: OpenSSL::X509::Store.new.add_file(place).tap(&:set_default_paths) } },
  'after' => -> { { cert_store: OpenSSL::X509::Store.new.tap(&:set_default_paths).add_file(place) } },
  'default' => -> { OpenSSL::SSL::SSLContext::DEFAULT_CERT_STORE.add_file(place).then { {} } }
}.freeze

pem = $stdin.read
context = OpenSSL::SSL::SSLContext.new
context.set_params(verify_mode: MODE, verify_hostname: false, **ROOTS.fetch(kind).call)
context.cert = OpenSSL::X509::Certificate.new(pem)
context.key = OpenSSL::PKey.read(pem)

listener = TCPServer.new('127.0.0.1', 0)
puts listener.addr[1]
$stdout.flush
begin
  socket = OpenSSL::SSL::SSLServer.new(listener, context).accept
  socket.puts 'trusted'
  socket.close
  puts 'accepted'
rescue OpenSSL::SSL::SSLError => e
  raise unless e.message.include?('certificate verify failed')

  puts 'refused'
end
