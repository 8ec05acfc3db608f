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
  'typhoeus' => lambda do |url|
    require 'typhoeus'
    response = Typhoeus.get(url)
    raise response.return_message if response.code.zero?

    response.body
  end
}.freeze

REASONS = /certificate verify failed|does not match|SSL peer certificate/i.freeze

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
