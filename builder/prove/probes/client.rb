# frozen_string_literal: true

# Opens each URL with one client library and prints what came of it, one word a line: `accepted`, or `refused` when
# the server's certificate was, with the reason on standard error. Anything else ends the program with an error.
# Like a program with an optional dependency, it activates the gem where it is installed.
#
#     ruby client.rb CLIENT FEATURE URL...

require 'uri'

client, feature, *urls = ARGV

begin
  require feature
rescue LoadError => e
  raise unless e.path == feature
end

CLIENTS = {
  'net/http' => lambda do |url|
    require 'net/http'
    Net::HTTP.get(URI(url))
  end,
  'open-uri' => lambda do |url|
    require 'open-uri'
    URI.parse(url).read
  rescue OpenURI::HTTPError => e
    e.message
  end,
  'openssl' => lambda do |url|
    require 'openssl'
    require 'socket'
    uri = URI(url)
    context = OpenSSL::SSL::SSLContext.new.tap(&:set_params)
    socket = OpenSSL::SSL::SSLSocket.new(TCPSocket.new(uri.host, uri.port), context)
    socket.hostname = uri.host
    socket.connect
    socket.post_connection_check(uri.host)
    socket.write("GET / HTTP/1.1\r\nHost: #{uri.host}\r\nConnection: close\r\n\r\n")
    socket.readpartial(1) # not all: some servers end without TLS's farewell
  end,
  'store' => lambda do |url|
    require 'net/http'
    uri = URI(url)
    store = OpenSSL::X509::Store.new.tap(&:set_default_paths)
    Net::HTTP.start(uri.host, uri.port, use_ssl: true, cert_store: store) { |http| http.get('/').body }
  end,
  'faraday' => lambda do |url|
    require 'faraday'
    Faraday.get(url).body
  end,
  'httparty' => lambda do |url|
    require 'httparty'
    HTTParty.get(url).body
  end,
  'excon' => lambda do |url|
    require 'excon'
    Excon.get(url).body
  end,
  'rest-client' => lambda do |url|
    require 'rest-client'
    RestClient.get(url) { |response| response.body }
  end,
  'httpclient' => lambda do |url|
    require 'httpclient'
    HTTPClient.get(url).body
  end,
  # As httpclient comes from its authors: with public roots in a file of its own, which Debian takes out. ROOTS names it.
  'httpclient-own' => lambda do |url|
    require 'httpclient'
    HTTPClient.new.tap { |one| one.ssl_config.clear_cert_store }
              .tap { |one| one.ssl_config.add_trust_ca(ENV.fetch('ROOTS')) }.get_content(url)
  end,
  # As aws-sdk, slack-ruby-client and others: the path of a file with public roots is handed on. ROOTS names it.
  'ca_file' => lambda do |url|
    require 'net/http'
    uri = URI(url)
    Net::HTTP.start(uri.host, uri.port, use_ssl: true, ca_file: ENV.fetch('ROOTS')) { |http| http.get('/').body }
  end,
  'http' => lambda do |url|
    require 'http'
    HTTP.get(url).to_s
  end,
  'net-http-persistent' => lambda do |url|
    require 'net/http/persistent'
    Net::HTTP::Persistent.new.request(URI(url)).body
  end,
  'mongo' => lambda do |url|
    require 'mongo'
    uri = URI(url)
    # As Mongo::Address does: an address of the family, and the name that is to be in the certificate.
    host = Addrinfo.getaddrinfo(uri.host, nil, :INET).first.ip_address
    Mongo::Socket::SSL.new(host, uri.port, uri.host, 10, Socket::PF_INET, ssl: true, ssl_verify: true).connect!
  end,
  # It asks a store for no purpose, which these roots are not trusted for: ROOTS names them once more.
  'em-http-request' => lambda do |url|
    require 'em-http-request'
    answer = nil
    EM.run do
      http = EM::HttpRequest.new(url, tls: { verify_peer: true, cert_chain_file: ENV.fetch('ROOTS', nil) }.compact).get
      http.callback { EM.stop }
      http.errback { (answer = http.error) && EM.stop }
    end
    raise answer if answer
  end,
  'grpc' => lambda do |url|
    require 'grpc'
    uri = URI(url)
    stub = GRPC::ClientStub.new("#{uri.host}:#{uri.port}", GRPC::Core::ChannelCredentials.new, timeout: 10)
    stub.request_response('/probe/call', '', :to_s.to_proc, :to_s.to_proc)
  end,
  'typhoeus' => lambda do |url|
    require 'typhoeus'
    response = Typhoeus.get(url)
    raise response.return_message if response.code.zero?

    response.body
  end
}.freeze

REASONS = /certificate verify failed|does not match|SSL peer certificate|SSL handshake failed|verify the server certificate/i.freeze

def verdict(error)
  raise error unless [error, error.cause].compact.any? { |cause| cause.message =~ REASONS }

  warn error.message
  'refused'
end

urls.each do |url|
  CLIENTS.fetch(client).call(url) # whatever the answer, it came over TLS
  puts 'accepted'
rescue StandardError => e
  puts verdict(e)
end
