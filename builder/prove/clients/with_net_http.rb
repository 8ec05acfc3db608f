# frozen_string_literal: true

# Open each URL with net/http; print whether its certificate was accepted.
require 'net/http'
require 'openssl'

ARGV.each do |url|
  Net::HTTP.get_response(URI(url)).value
  puts "#{url} accepted"
rescue OpenSSL::SSL::SSLError, SystemCallError => e
  puts "#{url} refused #{e.message}"
end
